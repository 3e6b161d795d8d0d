"""The configuration that is written, run by the tools that it is for."""

import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.facades.writing import FORMATS, unsayable, written
from tests.connectors.facades.code import FACADES, write

BIN = Path(sys.executable).parent


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_facades_in_any_order_make_the_same_text(form: str) -> None:
    expected = written(form, FACADES)
    for _ in range(5):
        shuffled = random.sample(FACADES, len(FACADES))
        assert written(form, [*shuffled, shuffled[0]]) == expected


def tree(folder: Path) -> None:
    write(folder, "app/__init__.py", "")
    write(folder, "app/views.py", "import stripe\nfrom facades import pay\n")
    write(folder, "app/files.py", "from google.cloud import storage\nimport stripe_utils\n")
    write(folder, "facades/__init__.py", "")
    write(folder, "facades/pay/__init__.py", "import stripe\n")
    write(folder, "facades/pay/client.py", "import stripe\nfrom simple_salesforce import Salesforce\n")


def ran(folder: Path, *command: str) -> str:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=folder, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "300"},
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_ruff_takes_it_beside_what_a_project_says_itself(tmp_path: Path) -> None:
    tree(tmp_path)
    (tmp_path / "ruff-facades.toml").write_text(written("ruff", FACADES, roots=["", "src"]), encoding="utf-8")
    own = (
        '[tool.ruff]\nextend = "ruff-facades.toml"\n[tool.ruff.lint]\nselect = ["F401", "TID251"]\n'
        'per-file-ignores = {"**/*.py" = ["F401"]}\n'
    )
    write(tmp_path, "pyproject.toml", own)
    found = re.findall(r"^(\S+?:\d+):\d+: TID251 `(\S+)`", ran(tmp_path, "ruff", "check", "--no-cache", "--output-format",
                                                               "concise", "."), re.MULTILINE)  # fmt: skip
    # A facade is free as a whole here; the check is stricter.
    assert [(place, name) for place, name in found if "views" in place] == [("app/views.py:1", "stripe")]
    assert {place for place, _name in found} == {"app/views.py:1", "app/files.py:1"}


def test_import_linter_takes_it_and_lets_a_facade_import_its_own_vendor_alone(tmp_path: Path) -> None:
    tree(tmp_path)
    text = written("import-linter", FACADES, packages=["app", "facades"])
    write(tmp_path, "facades.toml", text)
    told = ran(tmp_path, "lint-imports", "--config", "facades.toml", "--no-cache")
    assert "app.views -> stripe (l.1)" in told
    assert "app.files -> google (l.1)" in told
    assert "facades.pay.client -> simple_salesforce (l.2)" in told
    assert "facades.pay.client -> stripe" not in told
    assert "facades.pay -> stripe" not in told
    assert re.search(r"Contracts: 0 kept, 3 broken", told), told


def test_import_linter_is_content_with_code_that_keeps_to_the_facades(tmp_path: Path) -> None:
    write(tmp_path, "app/__init__.py", "from facades import pay")
    write(tmp_path, "facades/__init__.py", "")
    write(tmp_path, "facades/pay.py", "import stripe\n")
    write(tmp_path, "facades.toml", written("import-linter", FACADES, packages=["app", "facades"]))
    done = subprocess.run(
        [str(BIN / "lint-imports"), "--config", "facades.toml", "--no-cache"], cwd=tmp_path, capture_output=True,
        text=True, check=False, env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_what_import_linter_cannot_say_is_told() -> None:
    assert unsayable(FACADES) == ["google.cloud.storage"]
    assert "# Left out, for it is a part of a package: google.cloud.storage" in written("import-linter", FACADES)
