"""What is kept of the files that dbt writes: the semantic manifest whole, and of manifest.json what owners are read from."""

import json
import sys
from pathlib import Path
from typing import Any


def pruned(manifest: dict[str, Any]) -> dict[str, Any]:
    """Groups with their owners, and of each metric its group: no times, no random ids, no places of this machine."""
    return {
        "groups": {name: {"name": one["name"], "owner": one["owner"]} for name, one in manifest["groups"].items()},
        "metrics": {
            name: {"name": one["name"], "group": one["group"], "config": one["config"]}
            for name, one in manifest["metrics"].items()
        },
    }


def files(target: Path) -> dict[str, str]:
    """The golden files of a target directory, by their names."""
    told = {
        "semantic_manifest.json": json.loads((target / "semantic_manifest.json").read_bytes()),
        "manifest.json": pruned(json.loads((target / "manifest.json").read_bytes())),
    }
    return {name: json.dumps(one, indent=2, sort_keys=True, ensure_ascii=False) + "\n" for name, one in told.items()}


if __name__ == "__main__":
    into = Path(sys.argv[2])
    for name, text in files(Path(sys.argv[1])).items():
        (into / name).write_text(text, encoding="utf-8")
