"""The generated module: importable, the same bytes for the same dictionary, and nothing in it that a definition could run."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from metrics.models import Metric
from metrics.modules import FORMATS, HEAD, Keyed, intact, module
from portal.changes.models import ChangeRequest
from tests.events.registering import signed
from tests.metrics.registering import changed, metric, metric_document
from tests.people import user

HOSTILE = 'x"""\n\'); import os; os.abort() #\\ */ \u2028 \u202e // </script> 😀 ${1} `a`'


def keyed(key: str, state: str = "active", **more: Any) -> Keyed:
    return Keyed(metric_document(key, **more), 3, state)


DICTIONARY = [
    keyed("revenue_sar"),
    keyed("leads", "deprecated", replaced_by="revenue_sar", remove_after="2027-01-31"),
    keyed("class", description=HOSTILE, name=HOSTILE, unit=HOSTILE, label_ar=HOSTILE),
    keyed("gone", "retired"),
]


def imported(text: bytes) -> Any:
    """The module in a namespace of its own."""
    space: dict[str, Any] = {}
    exec(compile(text, "metrics.py", "exec"), space)
    return space


def test_python_code_imports_keys_with_what_they_mean() -> None:
    space = imported(module(DICTIONARY, "python"))
    names = space["Metric"]
    assert [one.value for one in names] == ["class", "leads", "revenue_sar"]
    assert names.REVENUE_SAR == "revenue_sar"
    assert space["INFO"]["leads"]["replaced_by"] == "revenue_sar"
    assert space["INFO"]["class"]["definition"] == HOSTILE
    assert (space["INFO"]["revenue_sar"]["unit"], space["INFO"]["revenue_sar"]["version"]) == ("SAR", 3)
    assert "GONE" not in names.__members__


def test_json_tells_the_same() -> None:
    told = json.loads(module(DICTIONARY, "json"))
    assert told["metrics"] == imported(module(DICTIONARY, "python"))["INFO"]


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_dictionary_gives_the_same_bytes_in_plain_ascii(form: str) -> None:
    text = module(DICTIONARY, form)
    assert text == module(list(reversed(DICTIONARY)), form)
    assert text.isascii()
    assert HEAD.encode() in text
    assert text.endswith(b"\n")
    assert module([], form)


@pytest.mark.parametrize("form", FORMATS)
def test_an_edit_by_hand_shows(form: str) -> None:
    text = module(DICTIONARY, form)
    assert intact(text)
    assert not intact(text.replace(b"SAR", b"USD", 1))
    for other in (b"", b"{", b"{}", b"x\ny\nz", b"\xff\n\n"):
        assert not intact(other)


def test_the_module_is_sound_for_the_type_checker_and_the_linter(tmp_path: Path) -> None:
    (tmp_path / "metric_keys.py").write_bytes(module(DICTIONARY, "python"))
    (tmp_path / "uses.py").write_text(
        "from metric_keys import INFO, Metric\nkey: Metric = Metric.REVENUE_SAR\nprint(INFO[key])\n"
    )
    answer = subprocess.run([sys.executable, "uses.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert "SAR" in answer.stdout


@pytest.mark.django_db
def test_the_command_writes_what_is_registered_and_touches_nothing_else(tmp_path: Path) -> None:
    metric()
    signed(changed(metric_document("leads", name="Leads", unit="leads", type="count")))
    path = tmp_path / "metric_keys.py"
    out = io.StringIO()
    for _time in range(2):
        call_command("registry", "metrics", "export", "--out", str(path), stdout=out)
    assert out.getvalue() == f"{path}\n"
    call_command("registry", "metrics", "export", stdout=(told := io.StringIO()))
    assert told.getvalue().encode() == path.read_bytes()
    assert set(imported(path.read_bytes())["INFO"]) == {"revenue_sar", "leads"}


@pytest.mark.django_db
def test_the_seed_opens_drafts_once() -> None:
    user("amal")
    for _time in range(2):
        call_command("registry", "metrics", "seed", "--as", "amal", stdout=io.StringIO())
    assert ChangeRequest.objects.filter(kind="metric", state="draft").count() == 5
    assert not Metric.objects.exists()
    with pytest.raises(CommandError) as caught:
        call_command("registry", "metrics", "seed", stdout=io.StringIO())
    assert caught.value.returncode == 2
