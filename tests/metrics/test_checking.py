"""The checker on planted faults and on look-alikes: all found, no false alarm."""

import io
import json
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from metrics.checking import Dictionary, findings_of, sarif
from metrics.modules import module
from tests.metrics.registering import metric
from tests.metrics.test_modules import keyed

TODAY = date(2026, 11, 23)
METRICS = [
    keyed("revenue_sar"),
    keyed("pipeline_value_sar"),
    keyed("leads"),
    keyed("old_sar", "deprecated", remove_after="2026-01-01", replaced_by="revenue_sar"),
    keyed("late_sar", "deprecated", remove_after="2027-01-01"),
    keyed("dead_sar", "retired"),
]
DICTIONARY = Dictionary.of(METRICS, TODAY)
IMPORT = "from shop.metric_keys import Metric\n"
# What others call metrics, in files that have nothing to do with the dictionary.
OTHERS = [
    "metrics = {'val_loss': 1, 'f1_score': 2}", "model.compile(metrics=['mean_squared_error'])", "print(metrics['val_loss'])",
    "from prometheus_client import Metric\nx = Metric.COUNTER",
    "from enum import Enum\nclass Metric(Enum):\n    CPU = 1\nx = Metric.CPU",
    "from cloudwatch import Metric\nm = Metric('cpu_load')", "def plot(metric='cpu_load'): pass", "metric = row['row_kind']",
]  # fmt: skip
FAULTS = {
    # literals
    'x = "revenue_sar"': "literal",
    "x = 'revenue_sar'": "literal",
    'x = r"revenue_sar"': "literal",
    'x = """revenue_sar"""': "literal",
    'def f(key="revenue_sar"): return key': "literal",
    'plot("pipeline_value_sar")': "literal",
    'd = {"revenue_sar": 1}': "literal",
    'd["revenue_sar"] = 1': "literal",
    'if key == "revenue_sar": pass': "literal",
    'if key in ("a", "revenue_sar"): pass': "literal",
    'match key:\n    case "revenue_sar": pass': "literal",
    'x = [one for one in rows if one.key != "revenue_sar"]': "literal",
    'f(lambda: "revenue_sar")': "literal",
    '@dashboard("revenue_sar")\ndef f(): pass': "literal",
    'x = ("revenue_sar")': "literal",
    'x = "revenue" "_sar"': "literal",
    'plot(metric="leads")': "literal",
    'metrics["leads"]': "literal",
    'show_metric("leads")': "literal",
    'metric_key = "leads"': "literal",
    'panel = {"metric": "leads"}': "literal",
    'x = "late_sar"': "literal",
    'def f(metric="leads"): pass': "literal",
    'def f(a, *, metric_key="leads"): pass': "literal",
    'for metric in ["leads"]: pass': "literal",
    'x = [f(metric) for metric in ("leads", "other")]': "literal",
    'metrics.append("leads")': "literal",
    'if metric == "leads": pass': "literal",
    'if one.metric_key in ("leads",): pass': "literal",
    'plot(metric="leads" if wide else other)': "literal",
    # put together
    'x = "revenue" + "_sar"': "composed",
    'x = "rev" + "enue" + "_sar"': "composed",
    'x = "{a}_sar".format(a="revenue")': "composed",
    'x = "revenue-sar".replace("-", "_")': "composed",
    "x = f\"revenue_{'sar'}\"": "composed",
    "x = f\"{'revenue'}_sar\"": "composed",
    'x = "_".join(["revenue", "sar"])': "composed",
    'x = "_".join(("revenue", "sar"))': "composed",
    'x = "%s_%s" % ("revenue", "sar")': "composed",
    'x = "revenue_%s" % "sar"': "composed",
    'x = "{}_sar".format("revenue")': "composed",
    'x = "REVENUE_SAR".lower()': "composed",
    'x = " revenue_sar ".strip()': "composed",
    'plot(metric="le" + "ads")': "composed",
    # unknown
    "x = Metric.REVENUE_USD": "unknown",
    'x = Metric["REVENUE_USD"]': "unknown",
    'x = Metric("revenue_usd")': "unknown",
    'plot(metric="revenue_usd")': "unknown",
    'metric_name: str = "no_such_key"': "unknown",
    'metrics = ["no_such_key"]': "unknown",
    'panel = {"metrics": ["no_such_key"]}': "unknown",
    'plot_metric("no_such_key")': "unknown",
    # out of use
    "x = Metric.OLD_SAR": "gone",
    'x = Metric["OLD_SAR"]': "gone",
    'x = "old_sar"': "gone",
    "x = Metric.DEAD_SAR": "gone",
    'x = "dead_sar"': "gone",
    'x = "dead" + "_sar"': "gone",
    # no Python
    "x = (": "unreadable",
    "x = '\\ud800'\nif": "unreadable",
}
ALIKE = [
    "x = Metric.REVENUE_SAR", 'x = Metric["REVENUE_SAR"]', "x = Metric.LATE_SAR", "x = Metric(key)",
    '"""revenue_sar"""', 'def f():\n    "revenue_sar"', 'class A:\n    """revenue_sar\n    """', "# revenue_sar",
    "revenue_sar = 5", "x = revenue_sar", "x.revenue_sar", "def revenue_sar(): pass", "f(revenue_sar=1)",
    "import revenue_sar", "from x import revenue_sar", 'x = "revenue_sar is shown"', 'x = "the revenue_sar"',
    'x = "revenue_sar_total"', 'x = "my_revenue_sar"', 'x = "revenue-sar"', 'x = "Revenue_SAR"', 'x = "REVENUE_SAR"',
    'x = b"revenue_sar"', 'x = "leads"', 'f("leads")', 'd = {"leads": 1}', 'd["leads"]', 'if role == "leads": pass',
    'x = "le" + "ads"', 'x = "revenue" + suffix', 'x = f"{prefix}_sar"', 'x = "_".join(parts)', 'x = "%s_sar" % name',
    'x = "{}_sar".format(name)', 'x = "revenue" + "_usd"', 'x = f"revenue {5}"', 'x = "_sar"', 'x = ""',
    'x = "some_other_text"', 'f(name="no_such_key")', 'metric = "Monthly active users"', 'metric_label = "no_such_key"',
    'plot(metric=key)', 'metrics.append(key)', 'geometric("no_such_key")', 'symmetric = "no_such_key"',
    "plot(metric=x if kind == 'per_day' else y)", 'plot(metric=x if "no_such_key" in text else y)',
    "metric = [one for one in rows if one.kind == 'per_day']", "def f(metric, kind='per_day'): pass", "kinds.append('per_day')",
    "for metric in rows:\n    show('per_day')", "if metric.kind == 'per_day': pass",
    'x = Metric.REVENUE_SAR.value', "x = Metric.__members__", "x = Metric.of(key)", 'open("revenue_sar.csv")',
]  # fmt: skip


def found(
    tmp_path: Path, text: str, name: str = "code.py", dictionary: Dictionary = DICTIONARY
) -> list[tuple[int, str]]:
    (tmp_path / name).write_text(text)
    return [(one.line, one.rule) for one in findings_of([tmp_path], dictionary)]


@pytest.mark.parametrize(("text", "rule"), FAULTS.items())
def test_a_planted_fault_is_found_at_its_line(tmp_path: Path, text: str, rule: str) -> None:
    told = found(tmp_path, f"{IMPORT}{text}\n")
    assert [one for _line, one in told] == [rule], told
    assert rule == "unreadable" or told[0][0] in (2, 3)


@pytest.mark.parametrize("text", ALIKE)
def test_a_look_alike_is_no_alarm(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, f"{text}\n") == []
    assert found(tmp_path, f"{IMPORT}{text}\n") == []


@pytest.mark.parametrize("text", OTHERS)
def test_metrics_of_others_are_no_alarm(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, f"{text}\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "from shop.metrics import Metric as M\nx = M.NOPE", "import metric_keys\nx = metric_keys.Metric.NOPE",
        "plot(metric='revenue_usd')", "metrics = ['pipeline_count']",
    ],
)  # fmt: skip
def test_other_ways_to_the_module_and_keys_that_look_alike_are_judged_too(tmp_path: Path, text: str) -> None:
    assert [rule for _line, rule in found(tmp_path, f"{text}\n")] == ["unknown"]


def test_there_are_fifty_of_each() -> None:
    assert len(FAULTS) >= 50
    assert len(set(ALIKE)) >= 50


@pytest.mark.parametrize(
    "text", ["'%%s' % ('x',)", "'{} {name}'.format('a')", "'{}{0}'.format('a')", "'%d' % 'a'", "'{0}'.format()"]
)
def test_a_formatting_that_fails_is_left_to_those_who_run_it(tmp_path: Path, text: str) -> None:
    assert [rule for _line, rule in found(tmp_path, f"x = {text}\ny = 'revenue_sar'\n")] == ["literal"]


def test_files_of_other_encodings_are_read(tmp_path: Path) -> None:
    for text in (b"\xef\xbb\xbfx = 'revenue_sar'\n", b"# -*- coding: latin-1 -*-\nx = '\xe9'; y = 'revenue_sar'\n"):
        (tmp_path / "code.py").write_bytes(text)
        assert [one.rule for one in findings_of([tmp_path], DICTIONARY)] == ["literal"]


def test_the_module_itself_is_sound_until_it_is_edited_or_the_dictionary_moves_on(tmp_path: Path) -> None:
    for name, form in (("keys.py", "python"), ("keys.ts", "typescript"), ("keys.json", "json")):
        path = tmp_path / name
        path.write_bytes(module(METRICS, form))
        assert findings_of([tmp_path], DICTIONARY) == []
        moved = Dictionary.of([*METRICS, keyed("new_sar")], TODAY)
        assert [one.rule for one in findings_of([path], moved)] == ["stale"]
        path.write_bytes(path.read_bytes().replace(b"SAR", b"USD", 1))
        assert [one.rule for one in findings_of([path], DICTIONARY)] == ["edited"]
        path.unlink()


def test_what_belongs_to_others_is_left_out_and_links_are_not_followed(tmp_path: Path) -> None:
    for place in ("node_modules", ".venv", "__pycache__"):
        (tmp_path / "code" / place).mkdir(parents=True)
        (tmp_path / "code" / place / "a.py").write_text('x = "revenue_sar"')
    (tmp_path / "outside.py").write_text('x = "revenue_sar"')
    (tmp_path / "code" / "link.py").symlink_to(tmp_path / "outside.py")
    assert findings_of([tmp_path / "code"], DICTIONARY) == []
    assert [one.rule for one in findings_of([tmp_path / "nothing.py"], DICTIONARY)] == ["unreadable"]


@pytest.mark.parametrize(
    "text",
    ["(" * 3_000, "x = " + "-" * 100_000 + "1", "x = '" + "a" * 3_000_000 + "'", "\0", "x = 1" + " + 1" * 50_000],
)
def test_hostile_files_are_told_and_end(tmp_path: Path, text: str) -> None:
    assert {rule for _line, rule in found(tmp_path, text)} <= {"unreadable"}


def test_findings_are_told_as_code_hosts_read_them(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text('x = "revenue_sar"\n')
    told = sarif(findings_of([tmp_path], DICTIONARY))["runs"][0]["results"]
    assert [(one["ruleId"], one["locations"][0]["physicalLocation"]["region"]["startLine"]) for one in told] == [
        ("literal", 1)
    ]


def test_the_command_needs_no_database_beside_an_export(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_bytes(module(METRICS, "json"))
    (tmp_path / "code.py").write_text('x = "revenue_sar"\n')
    out = io.StringIO()
    given = ["--dictionary", str(tmp_path / "metrics.json"), "--sarif", str(tmp_path / "out.sarif")]
    with pytest.raises(CommandError) as caught:
        call_command("registry", "metrics", "check", str(tmp_path / "code.py"), *given, stdout=out)
    assert caught.value.returncode == 1
    assert (
        "code.py:1: “revenue_sar” stands here as text: import Metric.REVENUE_SAR instead. [literal]" in out.getvalue()
    )
    assert json.loads((tmp_path / "out.sarif").read_text())["version"] == "2.1.0"
    (tmp_path / "code.py").write_text("x = Metric.REVENUE_SAR\n")
    call_command("registry", "metrics", "check", str(tmp_path / "code.py"), *given, stdout=out)
    for wrong in (tmp_path / "code.py", tmp_path / "nothing"):
        with pytest.raises(CommandError) as caught:
            call_command("registry", "metrics", "check", "--dictionary", str(wrong), str(tmp_path), stdout=out)
        assert caught.value.returncode == 2


@pytest.mark.django_db
def test_by_default_the_dictionary_is_what_is_registered(tmp_path: Path) -> None:
    metric()
    (tmp_path / "code.py").write_text('x = "revenue_sar"\n')
    with pytest.raises(CommandError):
        call_command("registry", "metrics", "check", str(tmp_path), stdout=(out := io.StringIO()))
    assert "[literal]" in out.getvalue()
