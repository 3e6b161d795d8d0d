"""The commands and the hook: where facades come from, what is printed, how it ends."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command

from connectors.facades.__main__ import main
from connectors.facades.sources import NoSource, from_files
from tests.connectors.facades.code import write
from tests.documents import data_movement_document, runtime_tool_document
from tests.registering import apply_connector, proposed

FACADE = {"facade": {"module": "facades.pay", "python_packages": ["stripe"], "npm_packages": ["stripe"]}}
ROOT = Path(__file__).parents[3]


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    folder = tmp_path / "registry" / "connectors"
    folder.mkdir(parents=True)
    for document in (runtime_tool_document("payments", FACADE), data_movement_document("ledger")):
        (folder / f"{document['key']}.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return folder


def command(*arguments: object) -> tuple[str, str, int]:
    """What is printed, the sentence after it, the exit code."""
    out, err = StringIO(), StringIO()
    try:
        call_command("registry", *map(str, arguments), stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), str(error), error.returncode
    return out.getvalue(), err.getvalue(), 0


def test_a_finding_names_file_line_connector_and_facade_and_ends_with_1(tmp_path: Path, registry: Path) -> None:
    file = write(tmp_path, "code/mine.py", "import os\nimport stripe\n")
    out, reason, code = command("facade-check", file.parent, "--from", registry)
    assert out == f"{file}:2: stripe belongs to connector payments: use facades.pay instead. [import]\n"
    assert (reason, code) == ("1 thing(s) must be put right in 1 files.", 1)


def test_clean_code_ends_with_0_and_a_warning_only_under_strict_with_1(tmp_path: Path, registry: Path) -> None:
    file = write(tmp_path, "code/mine.py", "import importlib\nimportlib.import_module(name)\n")
    out, _reason, code = command("facade-check", file, "--from", registry)
    assert (out, code) == (f"{file}:2: warning: The module's name is computed at run time. [computed]\n", 0)
    assert command("facade-check", file, "--from", registry, "--strict")[2] == 1


def test_scripts_without_eslint_end_with_2_unless_they_are_left_to_others(
    tmp_path: Path, registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "code/mine.py", "import stripe")
    write(tmp_path, "code/mine.ts", "import stripe from 'stripe'")
    out, reason, code = command("facade-check", "code", "--from", registry)
    assert "code/mine.py:1" in out
    assert code == 2
    assert "1 files of JavaScript and TypeScript were not checked" in reason
    assert "1 thing(s) were found in the rest" in reason
    assert command("facade-check", "code", "--from", registry, "--python-only")[2] == 1


def test_findings_for_programs(tmp_path: Path, registry: Path) -> None:
    file = write(tmp_path, "code/mine.py", "import stripe\n__import__(name)\n")
    (found, warned) = json.loads(command("facade-check", file, "--from", registry, "--format", "json")[0])
    assert found == {
        "path": str(file), "line": 1, "rule": "import", "level": "error", "connectors": ["payments"],
        "message": "stripe belongs to connector payments: use facades.pay instead.",
    }  # fmt: skip
    assert warned["level"] == "warning"
    told = json.loads(command("facade-check", file, "--from", registry, "--format", "sarif")[0])
    result = told["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    assert {one["ruleId"] for one in told["runs"][0]["results"]} <= {
        one["id"] for one in told["runs"][0]["tool"]["driver"]["rules"]
    }


@pytest.mark.django_db
def test_facades_come_from_what_is_registered(tmp_path: Path) -> None:
    apply_connector(runtime_tool_document("payments", FACADE))
    proposed(runtime_tool_document("not-yet", {"facade": FACADE["facade"] | {"python_packages": ["requests"]}}))
    write(tmp_path, "mine.py", "import stripe\nimport requests\n")
    out, _reason, code = command("facade-check", tmp_path, "--python-only")
    assert code == 1
    assert len(out.splitlines()) == 1
    assert '"stripe".msg' in command("facade-rules", "--format", "ruff")[0]


def test_nothing_is_written_anew_that_stands_already(tmp_path: Path, registry: Path) -> None:
    file = tmp_path / "ruff-facades.toml"
    arguments = ("facade-rules", "--format", "ruff", "--from", registry, "--out", file)
    assert command(*arguments)[0] == f"{file}\n"
    assert command(*arguments)[0] == ""
    assert command(*arguments[:-1], tmp_path)[2] == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("key: a\nfacade: {module: 5}", "not as a connector says it"),
        ("key: a\nfacade: [1]", "not as a connector says it"),
        ('key: a\nfacade: {module: m, python_packages: ["x\\"]; import os"]}', "not as a connector says it"),
        ("key: a\nfacade: {module: m, npm_packages: ['a/../b']}", "not as a connector says it"),
        ("key: a\nfacade: {module: m, npm_packages: {}, python_packages: 7}", "not as a connector says it"),
        ("key: [", "not YAML"), ("- 1", "no document"), ("7", "no document"), ("facade: {}", "no key"),
        ("key: &a x\nname: *a", "Aliases"), ("key: a\nkey: b", "stands twice"), ("key: 'A B'", "not as a connector"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_connector_is_refused_by_its_name(tmp_path: Path, text: str, said: str) -> None:
    file = write(tmp_path, "bad.yaml", text)
    with pytest.raises(NoSource, match=said) as refused:
        from_files([tmp_path])
    assert str(file) in str(refused.value)
    assert command("facade-check", tmp_path, "--from", tmp_path)[2] == 2


def test_a_connector_in_two_files_and_no_file_at_all_are_refused(tmp_path: Path, registry: Path) -> None:
    (registry / "again.json").write_text(json.dumps([runtime_tool_document("payments", FACADE)]))
    with pytest.raises(NoSource, match="payments"):
        from_files([registry])
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoSource, match="no file"):
        from_files([tmp_path / "empty"])
    with pytest.raises(NoSource, match="No such file"):
        from_files([tmp_path / "nowhere.json"])


@pytest.mark.parametrize("shape", ["one", "list", "bundle", "page", "entries"])
def test_every_form_of_an_export_is_read(tmp_path: Path, shape: str) -> None:
    document = runtime_tool_document("payments", FACADE)
    whole = {
        "one": document, "list": [document], "bundle": {"connectors": [document]}, "page": {"results": [document]},
        "entries": [{"key": "payments", "version": 3, "document": document}],
    }[shape]  # fmt: skip
    file = write(tmp_path, "bundle.json", json.dumps(whole))
    assert [one.connector for one in from_files([file])] == ["payments"]


def test_the_hook_does_the_same(tmp_path: Path, registry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, "mine.py", "import stripe")
    assert main(["--from", str(registry), str(file)]) == 1
    assert "payments" in capsys.readouterr().out
    assert main(["--from", str(registry), str(write(tmp_path, "fine.py", "import os"))]) == 0
    assert main(["--from", str(tmp_path / "nowhere"), str(file)]) == 2
    assert main(["--from", str(registry), str(tmp_path / "gone.py")]) == 2


def test_the_hook_needs_neither_django_nor_a_database(tmp_path: Path, registry: Path) -> None:
    write(tmp_path, "mine.py", "import stripe")
    script = (
        "import sys\n"
        "for name in ('django', 'rest_framework', 'psycopg', 'celery'): sys.modules[name] = None\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from connectors.facades.__main__ import main\n"
        f"sys.exit(main(['--from', {str(registry)!r}, {str(tmp_path / 'mine.py')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, "payments" in done.stdout) == (1, True), done.stderr


def test_the_command_needs_no_database_with_exported_files(tmp_path: Path, registry: Path) -> None:
    write(tmp_path, "mine.py", "import stripe")
    arguments = [sys.executable, str(ROOT / "manage.py"), "registry", "facade-check", str(tmp_path / "mine.py")]
    environment = {"PORTAL_MODE": "test", "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
                   "DATA_DIR": str(tmp_path / "data"), "PATH": "/usr/bin"}  # fmt: skip
    done = subprocess.run(
        [*arguments, "--from", str(registry)], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "payments" in done.stdout) == (1, True), done.stderr
    without = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert without.returncode == 2
    assert "--from PATH" in without.stderr
