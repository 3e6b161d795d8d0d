"""Python that goes around a facade is found by ruff, and what only looks like it is left alone."""

import stat
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from connectors.facades.bans import Facade
from connectors.facades.checking import CannotRun, check
from tests.connectors.facades.code import CRM, FACADES, PAY, checked, rules, write

IMPORTS = {
    "plain": "import stripe",
    "among others": "import os, stripe",
    "under another name": "import stripe as payments",
    "a part of it": "import stripe.error",
    "a part under another name": "import stripe.api.v1 as s",
    "from it": "from stripe import Charge",
    "from a part": "from stripe.error import CardError as Bad",
    "everything": "from stripe import *",
    "over lines": "from stripe import (\n    Charge,\n    Refund,\n)",
    "with a backslash": "import \\\n    stripe",
    "in a function": "def pay():\n    import stripe\n    return stripe",
    "for types alone": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import stripe",
    "in a try": "try:\n    import stripe\nexcept ImportError:\n    stripe = None",
    "silenced": "import stripe  # noqa",
    "silenced by rule": "import stripe  # noqa: TID251",
    "silenced for the file": "# ruff: noqa\n# flake8: noqa\nimport stripe",
    "in newer syntax": "type Money = int\ndef f[T](x: T) -> T:\n    import stripe\n    return x",
    "in letters that Python takes for the same": "import ｓtripe",
}
BY_NAME = {
    "by name": "import importlib\nimportlib.import_module('stripe')",
    "by name, a part": "from importlib import import_module\nimport_module('stripe.error')",
    "by name, renamed": "from importlib import import_module as load\nload('stripe')",
    "by name, kept": "import importlib\nload = importlib.import_module\nload('stripe')",
    "by keyword": "import importlib\nimportlib.import_module(name='stripe')",
    "by the builtin": "__import__('stripe')",
    "by the builtins": "import builtins\nbuiltins.__import__('stripe')",
    "looked for": "import importlib.util\nimportlib.util.find_spec('stripe')",
    "resolved": "import pkgutil\npkgutil.resolve_name('stripe:Charge')",
    "put together": "__import__('str' + 'ipe')",
    "as an f-string of nothing": "__import__(f'stripe')",
}
FAULTS = IMPORTS | BY_NAME
LOOK_ALIKES = {
    "longer": "import stripe_utils\nimport stripes\nfrom stripe2 import x",
    "elsewhere": "import mine.stripe\nfrom mine import stripe",
    "relative": "from . import stripe\nfrom .stripe import pay\nfrom ..stripe import x",
    "a text": "stripe = 'import stripe'\n# import stripe\n'''\nimport stripe\n'''",
    "an attribute": "class Card:\n    stripe = 1\nCard.stripe",
    "another by name": "import importlib\nimportlib.import_module('stripe_utils')\n__import__('mine.stripe')",
    "relative by name": "import importlib\nimportlib.import_module('.stripe', package='mine')",
    "another one's method": "class Store:\n    def find_spec_of(self, name): ...\nStore().find_spec_of('stripe')",
    "nothing to load": "import importlib\nimportlib.import_module()",
}


@pytest.mark.parametrize("code", FAULTS.values(), ids=FAULTS)
def test_a_vendor_imported_outside_of_its_facade_is_found(tmp_path: Path, code: str) -> None:
    write(tmp_path, "mine/views.py", code)
    (found,) = checked(tmp_path).faults
    assert found.connectors == PAY
    assert "payments" in found.message
    assert "facades.pay" in found.message
    assert found.rule == ("import" if code in IMPORTS.values() else "dynamic")
    lines = [unicodedata.normalize("NFKC", one) for one in code.splitlines()]
    assert found.line == next(number for number, one in enumerate(lines, 1) if "stripe" in one or "'str'" in one)


@pytest.mark.parametrize("code", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_what_only_looks_like_a_vendor_is_left_alone(tmp_path: Path, code: str) -> None:
    write(tmp_path, "mine/deep/views.py", code)
    assert checked(tmp_path).findings == []


@pytest.mark.parametrize(
    "place", ["facades/pay.py", "facades/pay/__init__.py", "facades/pay/deep/er.py", "src/facades/pay.py"]
)
def test_a_facade_may_import_its_own_vendor_and_no_other(tmp_path: Path, place: str) -> None:
    file = write(tmp_path, place, "import stripe\n__import__('stripe')\nimport simple_salesforce\n")
    assert [(one.line, one.connectors) for one in checked(tmp_path).findings] == [(3, CRM)]
    assert file.exists()


@pytest.mark.parametrize("place", ["facades/pay_more.py", "facades/__init__.py", "tests/facades/pay.py", "pay.py"])
def test_beside_a_facade_is_outside_of_it(tmp_path: Path, place: str) -> None:
    write(tmp_path, place, "import stripe")
    assert [one.rule for one in checked(tmp_path).findings] == ["import"]


def test_a_root_may_be_named(tmp_path: Path) -> None:
    write(tmp_path, "services/shop/facades/pay.py", "import stripe")
    assert len(checked(tmp_path).findings) == 1
    assert check([tmp_path], FACADES, roots=[tmp_path / "services/shop"], python_only=True).findings == []


def test_two_connectors_may_stand_on_one_vendor(tmp_path: Path) -> None:
    for name in ("facades/crm.py", "facades/crm_update/client.py", "mine.py"):
        write(tmp_path, name, "from simple_salesforce import Salesforce")
    (found,) = checked(tmp_path).findings
    assert (Path(found.path).name, found.connectors) == ("mine.py", CRM)
    assert "facades.crm or facades.crm_update" in found.message


PARTS = """import google.cloud.storage
from google.cloud import storage
from google.cloud.storage import Client
import google.cloud.bigquery
from google import auth
"""


@pytest.mark.parametrize(
    ("place", "connectors"),
    [
        ("mine.py", ["files", "files", "files", "warehouse", "warehouse"]),
        ("facades/files.py", ["warehouse", "warehouse"]),
        ("facades/google/x.py", ["files", "files", "files"]),
    ],
)
def test_of_packages_that_lie_in_each_other_the_inner_one_counts(
    tmp_path: Path, place: str, connectors: list[str]
) -> None:
    write(tmp_path, place, PARTS)
    assert [one.connectors[0] for one in checked(tmp_path).findings] == connectors


def test_a_module_of_the_code_base_by_the_same_name_is_told_and_is_no_finding(tmp_path: Path) -> None:
    write(tmp_path, "stripe/__init__.py", "")
    write(tmp_path, "mine.py", "import stripe\nfrom stripe import x\n__import__('stripe')\n")
    found = checked(tmp_path)
    assert {one.rule for one in found.findings} == {"shadowed"}
    assert found.faults == []


def test_a_folder_without_init_shadows_nothing(tmp_path: Path) -> None:
    write(tmp_path, "stripe/readme.py", "")
    write(tmp_path, "mine.py", "import stripe")
    assert [one.rule for one in checked(tmp_path).findings] == ["import"]


def test_a_name_that_is_computed_is_a_warning(tmp_path: Path) -> None:
    file = write(tmp_path, "mine.py", "import importlib\nimportlib.import_module(name)\n__import__(f'{name}.x')\n")
    assert rules(file) == [(2, "computed"), (3, "computed")]
    assert checked(file).faults == []


def test_code_that_is_broken_is_reported_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, "bad.py", "import os\ndef (:\n")
    write(tmp_path, "loader.py", "__import__('x'\n")
    found = checked(tmp_path).findings
    assert [(Path(one.path).name, one.rule) for one in found if not one.warning] == [
        ("bad.py", "unreadable"), ("loader.py", "unreadable")]  # fmt: skip
    assert found[0].line == 2


def test_what_ruff_would_pass_over_is_reported(tmp_path: Path) -> None:
    (tmp_path / "latin.py").write_bytes("# coding: latin-1\nname = 'é'\nimport stripe\n".encode("latin-1"))
    (tmp_path / "huge.py").write_bytes(b"x = 1\n" * 400_000)
    assert [(one.rule, one.line) for one in checked(tmp_path).findings] == [("unreadable", 1), ("unreadable", 2)]


def test_what_the_code_base_says_to_ruff_voids_nothing(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", '[tool.ruff]\nexclude = ["*"]\n[tool.ruff.lint]\nignore = ["TID251"]\n')
    write(tmp_path, "ruff.toml", "not = toml at all")
    write(tmp_path, ".gitignore", "*.py\n")
    file = write(tmp_path, "mine/views.py", "import stripe")
    assert rules(tmp_path) == [(1, "import")]
    assert rules(file) == [(1, "import")]


def test_environments_and_links_are_left_out_and_so_is_what_is_excluded(tmp_path: Path) -> None:
    for name in (".venv/x.py", "env/x.py", "node_modules/x/y.py", "generated/x.py"):
        write(tmp_path, name, "import stripe")
    write(tmp_path, "env/pyvenv.cfg", "")
    (tmp_path / "link.py").symlink_to(tmp_path / "generated/x.py")
    assert len(checked(tmp_path).findings) == 1
    assert checked(tmp_path, exclude=["generated/*"]).findings == []


def test_names_of_files_that_look_like_options_or_hold_odd_letters_are_files(tmp_path: Path) -> None:
    for name in ("--fix.py", "a b.py", "نص.py", "'quoted\".py"):
        write(tmp_path, name, "import stripe")
    assert len(checked(tmp_path).findings) == 4


def test_without_ruff_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "mine.py", "import os")
    monkeypatch.setitem(sys.modules, "ruff", None)  # as where it is not installed
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotRun, match="pip install ruff"):
        checked(tmp_path)
    # One that answers nonsense is no answer.
    fake = write(tmp_path, "ruff", "#!/bin/sh\necho broken >&2\nexit 2\n")
    fake.chmod(fake.stat().st_mode | stat.S_IEXEC)
    with pytest.raises(CannotRun, match="broken"):
        checked(tmp_path)


def test_a_path_that_is_not_there_is_no_clean_code(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="no such file"):
        checked(tmp_path / "nowhere")


def test_python_itself_would_load_what_is_found(tmp_path: Path) -> None:
    """The letters and forms above are no invention: each of them reaches the vendor when it runs."""
    write(tmp_path, "lib/stripe/__init__.py", "Charge = Refund = 1")
    for part in ("error", "api/__init__", "api/v1"):
        write(tmp_path, f"lib/stripe/{part}.py", "CardError = 1")
    for name, code in FAULTS.items():
        if name in ("in newer syntax", "for types alone", "in a function"):
            continue
        script = f"import sys\n{code}\nassert 'stripe' in sys.modules or {name == 'looked for'}"
        done = subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONPATH": str(tmp_path / "lib")}, capture_output=True, check=False
        )
        assert done.returncode == 0, (name, done.stderr)


def test_nothing_banned_is_nothing_found(tmp_path: Path) -> None:
    write(tmp_path, "mine.py", "import stripe")
    assert check([tmp_path], [Facade("payments", "facades.pay", (), ("stripe",))], python_only=True).findings == []
