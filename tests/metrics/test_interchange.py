"""dbt and OSI: what real files hold becomes drafts, nothing is applied, what is lost is said, there and back is the same."""

import copy
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from hypothesis import assume, given
from hypothesis import strategies as st

from metrics.documents import MetricSerializer
from metrics.interchange import dbt, osi
from metrics.interchange.forms import Taken, Unreadable, blank
from metrics.models import Metric
from portal.changes.models import ChangeRequest
from tests.metrics.registering import metric, metric_document
from tests.people import actor, team

GOLDEN = Path(__file__).parent / "golden"
TODAY = "2026-11-23"
MANIFEST: dict[str, Any] = json.loads((GOLDEN / "semantic_manifest.json").read_bytes())
GROUPS: dict[str, Any] = json.loads((GOLDEN / "manifest.json").read_bytes())


def taken(manifest: Any = MANIFEST, groups: Any = GROUPS) -> dict[str, Taken]:
    return {one.document["key"]: one for one in dbt.read(manifest, groups, TODAY)}


def test_a_manifest_that_dbt_wrote() -> None:
    found = taken()
    assert list(found) == [
        "revenue_sar", "order_total", "revenue_per_order", "revenue_growth", "revenue_to_date", "visit_to_order",
    ]  # fmt: skip
    assert found["revenue_sar"].document == blank(TODAY) | {
        "key": "revenue_sar", "name": "Revenue", "description": "What was sold, without tax.", "label_ar": "الإيرادات",
        "primary_source": "memory.main.orders", "owner": "crm-team", "unit": "SAR", "type": "amount", "since": "2026-01-01",
        "dimensions": ["region"], "expression": "sum(amount)",
    }  # fmt: skip
    assert found["revenue_sar"].lost == []
    total = found["order_total"]
    assert (total.document["owner"], total.document["type"], total.lost) == ("finance-team", "count", ["filter"])
    ratio = found["revenue_per_order"].document
    assert (ratio["type"], ratio["expression"], ratio["related"]) == (
        "ratio", "revenue_sar / order_total", ["revenue_sar", "order_total"],
    )  # fmt: skip
    assert found["revenue_growth"].document["expression"] == "now - before"
    assert found["revenue_to_date"].lost == ["type_params.cumulative_type_params"]
    assert found["visit_to_order"].lost == ["type_params.conversion_type_params"]
    assert taken(groups=None)["order_total"].document["owner"] == ""


def _with(at: int, **more: Any) -> dict[str, Any]:
    manifest = copy.deepcopy(MANIFEST)
    manifest["metrics"][at] |= more
    return manifest


def test_what_dbt_lets_pass_is_told() -> None:
    params = MANIFEST["metrics"][2]["type_params"] | {"numerator": {"name": "ghost"}}
    assert (
        "there is no metric “ghost”, which it is made of"
        in taken(_with(2, type_params=params))["revenue_per_order"].lost
    )
    assert "unknown key “ownr”" in taken(_with(0, ownr="x"))["revenue_sar"].lost
    assert "meta.tier" in taken(_with(0, config={"meta": {"tier": 1}}))["revenue_sar"].lost
    assert "type “magic”, which dbt does not have" in taken(_with(0, type="magic"))["revenue_sar"].lost
    lost = taken(_with(0, type_params={"measure": {"name": "ghost"}}))["revenue_sar"].lost
    assert lost == ["there is no measure “ghost”, which it is of"]


@pytest.mark.parametrize(
    "manifest",
    [None, [], {}, {"metrics": []}, {"metrics": 7, "semantic_models": []}, {"metrics": [7], "semantic_models": []},
     {"metrics": [], "semantic_models": [7]}, {"metrics": [{"name": "a", "type_params": 7}], "semantic_models": []},
     {"metrics": [{}] * 20_001, "semantic_models": []}],
)  # fmt: skip
def test_what_is_no_manifest_is_refused(manifest: Any) -> None:
    with pytest.raises(Unreadable):
        dbt.read(manifest, None, TODAY)


@pytest.mark.parametrize(
    "told",
    [None, [], {}, {"version": "0.2"}, {"version": "0.1.1", "semantic_model": 7}, {"version": "0.1.1", "semantic_model": [7]},
     {"version": "0.1.1", "semantic_model": [{"metrics": [{"custom_extensions": [{"vendor_name": "COMMON", "data": "{"}]}]}]}],
)  # fmt: skip
def test_what_is_no_osi_is_refused(told: Any) -> None:
    with pytest.raises(Unreadable):
        osi.read(told, TODAY)


def test_an_osi_file_of_others() -> None:
    model = {
        "name": "shop", "datasets": [{"name": "orders", "source": "shop.public.orders"}],
        "metrics": [{
            "name": "revenue_sar", "description": "What was sold.", "ai_context": {"synonyms": ["sales"]},
            "expression": {"dialects": [{"dialect": "SNOWFLAKE", "expression": "x"},
                                         {"dialect": "ANSI_SQL", "expression": "SUM(a)"}]},
            "custom_extensions": [{"vendor_name": "OTHER", "data": "{}"}],
        }],
    }  # fmt: skip
    (one,) = osi.read({"version": "0.1.1", "semantic_model": [model]}, TODAY)
    assert (one.document["expression"], one.document["primary_source"]) == ("SUM(a)", "shop.public.orders")
    assert one.lost == ["the expression in SNOWFLAKE", "the extension of OTHER", "ai_context"]


words = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=40).filter(
    lambda one: one.strip() == one
)
documents = st.lists(
    st.builds(
        lambda **more: metric_document(**more),
        key=st.from_regex(r"\A[a-z][a-z0-9_]{0,30}\Z"), name=words, description=words, label_ar=st.just("") | words,
        primary_source=words, unit=words, type=st.sampled_from(["amount", "count", "ratio", "number"]),
        expression=st.just("") | words, dimensions=st.lists(words, max_size=3), grain=st.just("") | words,
        related=st.lists(st.sampled_from(["other_sar", "more_sar"]), max_size=2, unique=True),
    ),
    max_size=4, unique_by=lambda one: one["key"],
)  # fmt: skip


def clean(document: dict[str, Any]) -> dict[str, Any]:
    serializer = MetricSerializer(data=document)
    assume(serializer.is_valid())
    found: dict[str, Any] = serializer.to_representation(serializer.validated_data)
    return found


@given(documents)
@pytest.mark.parametrize("form", ["dbt", "osi"])
def test_there_and_back_is_the_same(form: str, documents: list[dict[str, Any]]) -> None:
    told = [clean(one) for one in documents]
    assume(all(one["expression"] != one["key"] for one in told))
    file, lost = (dbt if form == "dbt" else osi).write(told)
    again = json.loads(json.dumps(file))
    back = dbt.read(again, None, TODAY) if form == "dbt" else osi.read(again, TODAY)
    found = [clean(one.document) for one in back]
    assert found == told
    assert all(one.lost == [] for one in back)
    assert set(lost) == {one["key"] for one in told}
    assert (dbt if form == "dbt" else osi).write(found)[0] == file


def run(*told: object) -> tuple[str, str, int]:
    """What the command says on both streams, and its exit code."""
    out, err = StringIO(), StringIO()
    try:
        call_command("registry", "metrics", *map(str, told), stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), f"{err.getvalue()}{error}", error.returncode
    return out.getvalue(), err.getvalue(), 0


@pytest.mark.django_db
def test_each_metric_of_a_file_becomes_a_draft_once(tmp_path: Path) -> None:
    actor("amal")
    team("finance-team")
    team("crm-team")
    lossy = tmp_path / "lossy.json"
    told = (
        "import",
        GOLDEN / "semantic_manifest.json",
        "--format",
        "dbt",
        "--manifest",
        GOLDEN / "manifest.json",
        "--as",
        "amal",
    )
    out, err, code = run(*told, "--lossy", lossy)
    assert (code, ChangeRequest.objects.filter(state="draft").count(), Metric.objects.count()) == (0, 6, 0)
    assert "order_total: not carried: filter" in err
    assert json.loads(lossy.read_text())["metrics[1] order_total"] == ["filter"]
    assert "owner" in next(line for line in out.splitlines() if "revenue_per_order" in line), "nobody is named for it"
    again, _err, _code = run(*told)
    assert again.count("is open already") == 6
    assert ChangeRequest.objects.count() == 6


@pytest.mark.django_db
def test_what_cannot_be_taken_is_said_and_the_rest_is_taken(tmp_path: Path) -> None:
    actor("amal")
    team("crm-team")
    manifest = copy.deepcopy(MANIFEST)
    manifest["metrics"] = [
        manifest["metrics"][0], manifest["metrics"][0], manifest["metrics"][1] | {"name": "Order-Total"},
        manifest["metrics"][1] | {"config": {"meta": {"owner": "nobody"}}},
    ]  # fmt: skip
    file = tmp_path / "m.json"
    file.write_text(json.dumps(manifest))
    out, err, code = run("import", file, "--format", "dbt", "--as", "amal")
    assert code == 1
    assert "“revenue_sar” stands in the file twice." in err
    assert "key “Order-Total”" in err
    assert "owner “nobody”, which is no team here" in err
    assert ChangeRequest.objects.count() == 2
    assert "order_total" in out


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["dbt", "osi"])
def test_export_import_export_is_stable(tmp_path: Path, form: str) -> None:
    metric(expression="sum(amount)", dashboards=[{"name": "Board", "address": ""}], range_low="1")
    metric(
        "leads",
        name="Leads",
        description="People who asked.",
        unit="leads",
        type="count",
        label_ar="",
        definition_ar="",
    )
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    _out, err, _code = run("export", "--format", form, "--out", first, "--lossy", tmp_path / "lost.json")
    assert "revenue_sar: not carried: " in err
    out, err, code = run("import", first, "--format", form, "--as", "amal")
    assert (code, out.count("is registered so"), err) == (0, 2, "")
    run("export", "--format", form, "--out", second)
    assert first.read_bytes() == second.read_bytes()
    as_yaml = tmp_path / "first.yaml"
    as_yaml.write_text(yaml.safe_dump(json.loads(first.read_text()), allow_unicode=True))
    assert run("import", as_yaml, "--format", form, "--as", "amal")[0].count("is registered so") == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "raw"),
    [("a.json", b"{"), ("a.yaml", b"a: ["), ("a.yaml", b"a: &a [1]\nb: *a\n"), ("a.json", b"\xff"), ("a.json", b"[" * 100_000),
     ("a.yaml", b"[" * 5000), ("a.json", b"7")],
)  # fmt: skip
def test_files_that_cannot_be_read_are_refused(tmp_path: Path, name: str, raw: bytes) -> None:
    actor("amal")
    (tmp_path / name).write_bytes(raw)
    assert run("import", tmp_path / name, "--format", "osi", "--as", "amal")[2] == 2
    assert run("import", tmp_path / "nothing", "--format", "osi", "--as", "amal")[2] == 2
