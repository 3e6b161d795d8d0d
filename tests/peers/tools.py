"""The packages of others that these tests need: `make peers` installs them, and then no test is left out."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
BIN = MODULES / ".bin"
_ALL = bool(os.environ.get("PEERS"))


def needs_python(package: str) -> None:
    """Leaves a module out where this package is not installed."""
    if not _ALL:
        pytest.importorskip(package, reason=f"make peers installs {package}")


def needs_node(package: str) -> pytest.MarkDecorator:
    """Leaves a module out where this npm package is not installed."""
    here = bool(shutil.which("node")) and (MODULES / package).is_dir()
    return pytest.mark.skipif(not here and not _ALL, reason=f"make peers installs {package}")


def node(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of the scripts beside this file."""
    program = shutil.which("node")
    assert program, "node_modules is there, but no node"
    return subprocess.run(
        [program, str(HERE / script), *arguments], capture_output=True, text=True, timeout=120, check=False
    )
