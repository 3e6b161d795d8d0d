"""The tools of others under `node_modules`: `npm ci` in this directory puts them there."""

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
BIN = MODULES / ".bin"

installed = pytest.mark.skipif(not MODULES.is_dir(), reason="npm ci was not run in tests/peers")


def node(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of the scripts beside this file."""
    program = shutil.which("node")
    assert program, "node_modules is there, but no node"
    return subprocess.run(
        [program, str(HERE / script), *arguments], capture_output=True, text=True, timeout=120, check=False
    )
