"""Real dbt: the golden files are what it writes, and its own parser reads what the dictionary exports. `make dbt` installs it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from metrics.interchange import exchange
from tests.dbt.golden import files
from tests.metrics.registering import metric

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "metrics" / "golden"
pytestmark = pytest.mark.dbt


@pytest.fixture(scope="module")
def tools() -> Path:
    """The programs of dbt's environment."""
    given = os.environ.get("DBT_BIN")
    if not given:
        pytest.fail("Run it by `make dbt`, which installs dbt.")
    return Path(given).resolve()


@pytest.fixture(scope="module")
def target(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What dbt writes for the project."""
    project = tmp_path_factory.mktemp("shop")
    shutil.copytree(HERE / "project", project, dirs_exist_ok=True)
    told = {"PATH": os.environ["PATH"], "HOME": str(project), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    done = subprocess.run(
        [tools / "dbt", "parse", "--profiles-dir", "."],
        cwd=project,
        env=told,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return project / "target"


def test_the_golden_files_are_what_dbt_writes(target: Path) -> None:
    for name, text in files(target).items():
        assert (GOLDEN / name).read_text(encoding="utf-8") == text, f"write {name} again with tests/dbt/golden.py"


def parsed(tools: Path, manifest: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([tools / "python", HERE / "parse.py"], input=manifest, capture_output=True, check=False)


def test_its_parser_reads_its_own_manifest(tools: Path) -> None:
    done = parsed(tools, (GOLDEN / "semantic_manifest.json").read_bytes())
    assert (done.returncode, done.stdout.strip()) == (0, b"6"), done.stderr


@pytest.mark.django_db
def test_its_parser_reads_what_the_dictionary_exports(tools: Path) -> None:
    metric()
    metric(
        "leads",
        name="Leads",
        description="People who asked.",
        unit="leads",
        type="count",
        label_ar="",
        definition_ar="",
    )
    done = parsed(tools, exchange.export("dbt")[0])
    assert (done.returncode, done.stdout.strip()) == (0, b"2"), done.stderr
    broken = exchange.export("dbt")[0].replace(b'"leads_value"', b'"ghost"', 1)
    assert parsed(tools, broken).returncode == 1, "the parser would say so"
