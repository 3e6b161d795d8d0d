"""A registry of connectors as files: export, plan, an apply that finds nothing to do; with the start of the process.

The raw side reads the same files with the C loader of PyYAML (nothing is bounded there) and all documents with one SELECT, in a
process that has started Django too. Both are run in turn.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.lists import _connectors
from bench.scratch import scratch_database

RAW = """
import sys
from pathlib import Path
import django, yaml
django.setup()
from django.db import connection
files = [yaml.load(one.read_bytes(), Loader=yaml.CSafeLoader) for one in sorted(Path(sys.argv[1]).glob("connectors/*.yaml"))]
with connection.cursor() as cursor:
    cursor.execute("SELECT key, document FROM connectors_connector")
    rows = cursor.fetchall()
assert len(files) == len(rows), (len(files), len(rows))
"""
EMPTY = "import django; django.setup()"


def _seconds(*command: str, code: int = 0) -> tuple[float, str]:
    begun = time.monotonic()
    done = subprocess.run([sys.executable, *command], env=os.environ, capture_output=True, text=True, check=False)
    spent = time.monotonic() - begun
    if done.returncode != code:
        raise SystemExit(f"{command} gave {done.returncode}: {done.stderr[-2000:]}")
    return spent, done.stdout


def run(options: argparse.Namespace) -> None:
    """Print the times and the ratio."""
    with scratch_database(), tempfile.TemporaryDirectory() as place:
        from django.db import connection

        from tests.people import user

        _connectors(options.files)
        user("amal")
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        root = Path(place)
        export = ("manage.py", "registry", "export", place, "--kind", "runtime_tool")
        first, told = _seconds(*export)
        assert len(told.splitlines()) == options.files
        size = sum(one.stat().st_size for one in root.rglob("*.yaml"))
        commands = {
            "raw": ("-c", RAW, place),
            "start": ("-c", EMPTY),
            "plan": ("manage.py", "registry", "plan", place),
            "apply": ("manage.py", "registry", "apply", place, "--as", "amal"),
            "export": export,
        }
        spent: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(options.turns):
            for name, command in commands.items():
                seconds, told = _seconds(*command)
                spent[name].append(seconds)
                if name == "plan":
                    assert f"0 to create, 0 to change, {options.files} unchanged, 0 invalid" in told, told[-300:]
                if name == "apply":
                    assert f"0 with a change, {options.files} unchanged." in told, told[-300:]
                if name == "export":
                    assert not told, told[-300:]
        for one in root.rglob("*.yaml"):
            one.write_bytes(one.read_bytes().replace(b"\ndescription: ", b"\ndescription: Anew. ", 1))
        changed, told = _seconds(*commands["plan"], code=1)
        assert f"0 to create, {options.files} to change, 0 unchanged, 0 invalid" in told, told[-300:]
        found = {name: statistics.median(values) for name, values in spent.items()}
        print(
            f"{options.files} files of {size / options.files / 1024:.1f} kB; an empty process with Django {found['start']:.2f} s"
        )
        print(f"written for the first time: {first:.2f} s; again, nothing to write: {found['export']:.2f} s")
        print(
            f"plan: raw {found['raw']:.2f} s   ours {found['plan']:.2f} s   ratio {found['plan'] / found['raw']:.2f}"
            f"   worst {max(spent['plan']):.2f} s (aim 10 s)"
        )
        print(f"apply, nothing to do: {found['apply']:.2f} s, worst {max(spent['apply']):.2f} s (aim 10 s)")
        print(f"plan where every file changes something: {changed:.2f} s")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--files", type=int, default=1000, help="connectors in the registry and the files (1,000)")
    parser.add_argument("--turns", type=int, default=5, help="how often each command is run (5)")
