"""Whether a repository keeps to the choice: what uses another catalog is found, what only looks like it is not."""

import json
from pathlib import Path

import pytest

from metrics.choice import seed
from metrics.choice.catalogs import CATALOGS
from metrics.choice.checking import look
from metrics.choice.register import Register, fixed_digest, read
from metrics.decisions import adr

ACCEPTED = seed.decision("data-platform", "2026-01-31", ["Huda"])
REGISTER = Register("openlineage", "adr-0001", {"adr-0001": fixed_digest(ACCEPTED)})
# One file each: name, content, the line of the fault, and a word of what is said.
FAULTS: list[tuple[str, str, int, str]] = [
    ("a.py", "import datahub\n", 1, "imports datahub"),
    ("a.py", "x = 1\nimport os, datahub.emitter as e\n", 2, "imports datahub.emitter"),
    ("a.py", "from datahub.emitter.rest_emitter import DatahubRestEmitter\n", 1, "datahub.emitter.rest_emitter"),
    ("a.py", "def f():\n    from pyatlan.client import AtlanClient\n", 2, "atlan"),
    ("a.py", "try:\n    import marquez_client\nexcept ImportError:\n    pass\n", 2, "marquez"),
    ("a.py", "import importlib\nimportlib.import_module('metadata.ingestion.ometa')\n", 2, "openmetadata"),
    ("a.py", "from metadata import ingestion\n", 1, "openmetadata"),
    ("a.py", "__import__('apache_atlas')\n", 1, "atlas"),
    ("a.py", "from google.cloud import datacatalog_lineage\n", 1, "google-data-catalog"),
    ("a.py", "from azure.purview.catalog import PurviewCatalogClient\n", 1, "purview"),
    ("a.py", "import os\nurl = os.environ['DATAHUB_GMS_URL']\n", 2, "reads DATAHUB_GMS_URL"),
    ("a.py", "conf = {\n  'spark.datahub.rest.server': url,\n}\n", 2, "spark.datahub"),
    ("dags/b.py", "from databuilder.job.job import DefaultJob\n", 1, "amundsen"),
    ("requirements.txt", "django==5.2\nacryl-datahub[airflow]==0.14\n", 2, "needs acryl-datahub"),
    ("requirements-dev.in", "Acryl_Datahub\n", 1, "datahub"),
    ("requirements/constraints.txt", "openmetadata-ingestion~=1.5\n", 1, "openmetadata"),
    ("pyproject.toml", '[project]\ndependencies = [\n  "pyatlan>=2",\n]\n', 3, "atlan"),
    ("poetry.lock", '[[package]]\nname = "marquez-python"\n', 2, "marquez"),
    ("uv.lock", '[[package]]\nname = "azure-purview-catalog"\n', 2, "purview"),
    ("environment.yml", "dependencies:\n  - pip:\n    - amundsen-databuilder\n", 3, "amundsen"),
    ("package.json", '{"dependencies": {\n"collibra-client": "1.0.0"}}\n', 2, "collibra"),
    ("pom.xml", "<dependency>\n<groupId>io.acryl</groupId>\n</dependency>\n", 2, "io.acryl"),
    ("build.gradle", "dependencies {\n implementation 'org.apache.atlas:atlas-client-v2:2.3'\n}\n", 2, "atlas"),
    ("build.sbt", 'libraryDependencies += "za.co.absa.spline.agent.spark" %% "spark-3.5-agent" % "2.1"\n', 1, "spline"),
    ("src/Main.java", "package a;\nimport org.openmetadata.client.OpenMetadata;\n", 2, "openmetadata"),
    ("src/Main.scala", "import datahub.spark.DatahubSparkListener\n", 1, "datahub"),
    ("src/a.ts", "import { x } from 'collibra-core';\n", 1, "collibra"),
    ("src/a.js", "const x = require('collibra-core');\n", 1, "collibra"),
    ("docker-compose.yml", "services:\n  m:\n    image: marquezproject/marquez:0.50\n", 3, "image marquezproject/marquez:0.50"),
    ("deploy/values.yaml", "image:\n  repository: acryldata/datahub-gms\n", 2, "datahub"),
    (".env", "A=1\nDATAHUB_GMS_URL=http://datahub:8080\n", 2, "DATAHUB_GMS_URL"),
    ("spark-defaults.conf", "spark.spline.producer rest\n", 1, "spline"),
    ("Dockerfile", "FROM python\nRUN pip install acryl-datahub\n", 2, "datahub"),
    ("install.sh", "pip install openmetadata-ingestion\n", 1, "openmetadata"),
    ("main.tf", 'variable "image" {\n default = "openmetadata/server:1.5"\n}\n', 2, "openmetadata/server"),
    ("marquez.yml", "server: {}\n", 1, "configuration of marquez"),
    ("atlas-application.properties", "a=b\n", 1, "configuration of atlas"),
    ("app.properties", "atlas.rest.address=http://atlas\n", 1, "atlas.rest.address"),
    ("n.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": ["%pip install acryl-datahub"]}]}, indent=1), 6, "datahub"),
    ("n.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": ["!ls\n", "import pyatlan\n"]}]}, indent=1), 6, "atlan"),
]  # fmt: skip
ALIKE: list[tuple[str, str]] = [
    ("a.py", "from openlineage.client import OpenLineageClient\nimport os\nos.environ['OPENLINEAGE_URL']\n"),
    ("a.py", "import metadata\nfrom importlib import metadata as m\nimport datahubs\n"),
    ("a.py", "'''We left DATAHUB_GMS_URL behind.'''\n# import datahub\ntext = 'import datahub'\n"),
    ("a.py", "PREFIX = 'DATAHUB_'\nfrom .datahub import x\nfrom . import datahub\n"),
    ("requirements.txt", "openlineage-python==1.54\n# acryl-datahub was here\nmy-acryl-datahub==1\natlas==1\n"),
    ("pyproject.toml", "[project]\nname = 'datahub'\n"),
    ("package.json", '{"dependencies": {"@openlineage/client": "1", "@types/collibra": "1", "atlas": "1"}}'),
    ("src/Main.java", "import io.openlineage.client.OpenLineage;\n// import io.acryl.X;\n/* import io.acryl.Y;\n*/\n"),
    ("src/a.ts", "// from 'collibra-core'\nconst s = \"import x from 'collibra-core'\";\n"),
    ("docker-compose.yml", "services:\n  db:\n    image: mongodb/atlas\n    # image: marquezproject/marquez\n"),
    (".env", "OPENLINEAGE_URL=http://portal\nMY_DATAHUB_URL=1\nATLAS_URI=mongodb+srv://x\n"),
    ("openlineage.yml", "transport:\n  type: http\n"),
    ("README.md", "We once used acryl-datahub and DATAHUB_GMS_URL.\n"),
    ("node_modules/x/index.js", "require('collibra-core')\n"),
    ("n.ipynb", json.dumps({"cells": [{"cell_type": "markdown", "source": ["import datahub\n"]},
                                      {"cell_type": "code", "source": "for (;;"}, {"cell_type": "code", "source": 7}, 3]})),
]  # fmt: skip


def put(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(("name", "text", "line", "word"), FAULTS, ids=[f"{one[0]}:{one[3]}" for one in FAULTS])
def test_a_second_catalog_is_found(tmp_path: Path, name: str, text: str, line: int, word: str) -> None:
    path = put(tmp_path, name, text)
    found = look([tmp_path], REGISTER).findings
    assert [(one.path, one.line, one.rule) for one in found] == [(path.as_posix(), line, "second-catalog")], found
    assert word in found[0].message


@pytest.mark.parametrize(("name", "text"), ALIKE, ids=[f"{number}-{one[0]}" for number, one in enumerate(ALIKE)])
def test_what_only_looks_like_one_is_left_alone(tmp_path: Path, name: str, text: str) -> None:
    put(tmp_path, name, text)
    assert look([tmp_path], REGISTER).findings == []


def test_every_catalog_is_told_from_the_others(tmp_path: Path) -> None:
    put(tmp_path, "a.py", "\n".join(f"import {one.modules[0]}" for one in CATALOGS if one.modules))
    for chosen in CATALOGS:
        foreign = {
            one.message.split("“")[1].split("”")[0]
            for one in look([tmp_path], Register(chosen.name, "adr-0001", {})).findings
        }
        assert foreign == {one.name for one in CATALOGS if one.modules} - {chosen.name}


def test_an_own_package_of_the_same_name_is_no_client(tmp_path: Path) -> None:
    put(tmp_path, "datahub/__init__.py", "")
    put(tmp_path, "src/pyatlan.py", "")
    put(tmp_path, "a.py", "import datahub.models\nimport pyatlan\n")
    assert look([tmp_path], REGISTER).findings == []


def ruled(**more: object) -> str:
    return adr.write(ACCEPTED | more, adr.MADR, None, {})


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"0001-a.md": ruled()}, []),
        ({"0001-a.md": ruled(owner="crm-team", description="Put better.", deciders=["Another"])}, []),
        ({"0001-a.md": ruled(text="Forged.\n")}, [("0001-a.md", "decision-edited")]),
        ({"0001-a.md": ruled(decides=[{"topic": "lineage", "choice": "datahub"}])}, [("0001-a.md", "decision-differs")]),
        ({"0001-a.md": ruled().replace("status: accepted", "status: superseded by ADR-2")}, [("0001-a.md", "decision-differs")]),
        ({"0001-a.md": ruled(), "0002-b.md": ruled(key="adr-0002")}, [("0002-b.md", "decision-differs")]),
        ({"0001-a.md": ruled(), "0002-b.md": ruled(key="adr-0002", supersedes=["adr-0001"])},
         [("0001-a.md", "decision-differs"), ("0002-b.md", "decision-differs")]),
        ({"0001-a.md": ruled(), "0002-b.md": ruled().replace("status: accepted", "status: proposed")}, []),
        ({"0001-a.md": ruled(), "0002-b.md": ruled(key="adr-0002", decides=[{"topic": "queue", "choice": "x"}])}, []),
        ({"0001-a.md": "---\nstatus: [\n---\n"}, [("0001-a.md", "unreadable")]),
        ({"README.md": "no title"}, []),
    ],
)  # fmt: skip
def test_decision_files_agree_with_the_register(
    tmp_path: Path, files: dict[str, str], found: list[tuple[str, str]]
) -> None:
    for name, text in files.items():
        put(tmp_path, f"docs/decisions/{name}", text)
    looked = look([tmp_path], REGISTER)
    assert [(Path(one.path).name, one.rule) for one in looked.findings] == found, looked.findings


def test_a_superseded_decision_says_so(tmp_path: Path) -> None:
    newer = ACCEPTED | {
        "key": "adr-0002",
        "supersedes": ["adr-0001"],
        "decides": [{"topic": "lineage", "choice": "datahub"}],
    }
    known = Register("datahub", "adr-0002", {"adr-0001": fixed_digest(ACCEPTED), "adr-0002": fixed_digest(newer)})
    put(tmp_path, "adr/0001-a.md", ruled())
    assert [one.rule for one in look([tmp_path], known).findings] == ["decision-differs"]
    put(tmp_path, "adr/0002-b.md", adr.write(newer, adr.MADR, None, {}))
    assert look([tmp_path], known).findings == [], "the newer one says that it supersedes it"
    put(tmp_path, "adr/0001-a.md", adr.write(ACCEPTED, adr.MADR, "adr-0002", {}))
    assert look([tmp_path], known).findings == []


def test_a_repository_may_be_asked_for_the_decision(tmp_path: Path) -> None:
    (one,) = look([tmp_path], REGISTER, needs_decision=True).findings
    assert (one.path, one.rule) == (tmp_path.as_posix(), "decision-missing")
    put(tmp_path, "docs/adr/0001-a.md", ruled())
    looked = look([tmp_path], REGISTER, needs_decision=True)
    assert (looked.findings, len(looked.ruling)) == ([], 1)


@pytest.mark.parametrize(
    ("name", "raw"),
    [("a.py", b"def ("), ("a.py", b"\xff\xfe"), ("a.py", b"x = " + b"(" * 100_000), ("n.ipynb", b"{"), ("a.ts", b"\xff"),
     ("poetry.lock", b"x" * (16 * 1024 * 1024 + 1))],
)  # fmt: skip
def test_what_cannot_be_read_is_a_finding(tmp_path: Path, name: str, raw: bytes) -> None:
    (tmp_path / name).write_bytes(raw)
    (one,) = look([tmp_path], REGISTER).findings
    assert one.rule == "unreadable"


def test_long_lines_cost_no_time(tmp_path: Path) -> None:
    for name in ("package-lock.json", "a.env", "A.java"):
        put(tmp_path, name, "acryl-acryl-" * 200_000)
    put(tmp_path, "b.yml", "/*" * 500_000)
    assert look([tmp_path], REGISTER).findings == []


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"lineage_choice": 1}', b'{"lineage_choice": 1, "choice": 1}'])
def test_what_is_no_export_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="It "):
        read(raw)


def test_this_repository_keeps_to_its_own_decision() -> None:
    root = Path(__file__).resolve().parents[3]
    first = next((root / "docs" / "decisions").glob("*-one-lineage-choice.md"))
    document = adr.read(first.name, first.read_bytes()).document
    known = Register("openlineage", document["key"], {document["key"]: fixed_digest(document)})
    looked = look(
        [root / name for name in ("portal", "connectors", "events", "metrics", "severity", "requirements", "docs")],
        known,
    )
    assert looked.findings == []
    assert [Path(one) for one in looked.ruling] == [first]
