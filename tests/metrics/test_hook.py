"""The check as pre-commit runs it in another repository: files as arguments, no portal, no Django, no database."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml

from metrics.checking import Dictionary
from metrics.checking.__main__ import main
from metrics.keys import DEPRECATED, RETIRED
from metrics.modules import module
from portal.registry.models import EntryState
from tests.metrics.test_modules import keyed

ROOT = Path(__file__).resolve().parents[2]
# Whatever is not there for the hook, is not there for this run.
_WITHOUT = """
import runpy, sys
for name in ("django", "rest_framework", "psycopg", "simple_history", "celery", "orjson", "portal"):
    sys.modules[name] = None
sys.argv = ["registry-metrics-check", *sys.argv[1:]]
runpy.run_module("metrics.checking", run_name="__main__")
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Another repository, with an export of the dictionary."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "metrics.json").write_bytes(module([keyed("revenue_sar"), keyed("leads")], "json"))
    return tmp_path


def hook(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The hook's entry on the staged files, as pre-commit calls it."""
    listed = subprocess.run(["git", "add", "-A"], cwd=repository, check=True) and subprocess.run(
        ["git", "diff", "--cached", "--name-only"], cwd=repository, check=True, capture_output=True, text=True
    )
    files = [name for name in listed.stdout.split() if name != "metrics.json"]
    return subprocess.run(
        [sys.executable, "-c", _WITHOUT, *arguments, *files], cwd=repository, capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_staged_files_are_checked_without_the_portal(repository: Path) -> None:
    (repository / "sound.py").write_text("from shop.metric_keys import Metric\nx = Metric.REVENUE_SAR\n")
    done = hook(repository, "--dictionary", "metrics.json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (repository / "bad.py").write_text("x = 1\ny = 'revenue_sar'\n")
    done = hook(repository, "--dictionary", "metrics.json", "--sarif", "found.sarif")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == "bad.py:2: “revenue_sar” stands here as text: import Metric.REVENUE_SAR instead. [literal]\n"
    assert (repository / "found.sarif").exists()


@pytest.mark.parametrize(("name", "text"), [("metrics.json", "{"), ("metrics.json", "[]"), ("nothing.json", "")])
def test_without_a_dictionary_it_says_so(repository: Path, name: str, text: str) -> None:
    if text:
        (repository / name).write_text(text)
    (repository / "a.py").write_text("x = 1\n")
    done = hook(repository, "--dictionary", name)
    assert done.returncode == 2
    assert name in done.stderr


def test_it_is_what_the_hook_file_and_the_package_name() -> None:
    hooks = {one["entry"]: one for one in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    one = hooks["registry-metrics-check"]
    assert f'{one["entry"]} = "metrics.checking.__main__:main"' in (ROOT / "pyproject.toml").read_text()
    with pytest.raises(SystemExit):
        main([])


def test_the_words_of_states_are_those_of_the_registry() -> None:
    assert (DEPRECATED, RETIRED) == (EntryState.DEPRECATED, EntryState.RETIRED)
    assert Dictionary.of([keyed("a_b", RETIRED)], date(2026, 1, 1)).known["a_b"].gone
