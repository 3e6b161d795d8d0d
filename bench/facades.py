"""A facade check of a code base of 5,000 files, beside the tools alone over the same files."""

import argparse
import resource
import subprocess
import tempfile
import time
from pathlib import Path

NAMED = 40


def arguments(parser: argparse.ArgumentParser) -> None:
    """How large the code base is."""
    parser.add_argument("--code-files", type=int, default=5_000)


def _code(folder: Path, files: int, scripts: bool) -> None:
    """Half Python and half scripts where there is ESLint; some fifty lines each, one in a hundred goes around a facade."""
    body = "\n".join(f"def step_{n}(value):\n    total = value + {n}\n    return str(total)\n" for n in range(12))
    script = "\n".join(
        f"export function step{n}(value) {{\n  const total = value + {n};\n  return `${{total}}`;\n}}"
        for n in range(12)
    )
    for number in range(files):
        place = folder / f"part{number % 50}"
        place.mkdir(exist_ok=True)
        fault = number % 100 == 0
        if scripts and number % 2:
            head = (
                f'import vendor from "vendor-{number % NAMED}";\n'
                if number % 100 == 1
                else 'import { x } from "./other.js";\n'
            )
            (place / f"m{number}.js").write_text(head + script)
        else:
            head = f"import vendor_{number % NAMED}\n" if fault else "import os\nfrom collections import Counter\n"
            load = "import importlib\nimportlib.import_module('json')\n" if number % 20 == 0 else ""
            (place / f"m{number}.py").write_text(head + load + body)


def _cpu() -> float:
    """Seconds of processors, of this process and of the tools that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def _timed(command: list[str], cwd: Path) -> float:
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr[-800:])
    return time.perf_counter() - begun


def run(options: argparse.Namespace) -> None:
    """The tools alone, then the check; the best of three each."""
    modules = Path(__file__).parents[1] / "tests" / "peers" / "node_modules"
    eslint = modules / ".bin" / "eslint"
    from connectors.facades.bans import Facade
    from connectors.facades.checking import check
    from connectors.facades.checking.python import _ruff

    names = range(NAMED)
    facades = [Facade(f"c{n}", f"facades.f{n}", (f"vendor_{n}",), (f"vendor-{n}",)) for n in names]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        _code(folder, options.code_files, eslint.exists())
        if eslint.exists():
            (folder / "node_modules").symlink_to(modules.resolve())
        rule = ["--isolated", "--select", "TID251", "--no-cache", "--quiet"]
        raw = min(_timed([_ruff(), "check", *rule, "."], folder) for _ in range(3))
        print(f"ruff alone: {raw:6.2f} s")
        if eslint.exists():
            (folder / "eslint.config.mjs").write_text(
                'export default [{ rules: { "no-restricted-imports": ["error", "x"] } }];'
            )
            alone = min(_timed([str(eslint), "--quiet", "."], folder) for _ in range(1))
            (folder / "eslint.config.mjs").unlink()
            print(f"ESLint alone: {alone:6.2f} s")
        found, taken, spent = check([folder], facades, python_only=not eslint.exists()), [], _cpu()
        for _ in range(3):
            begun = time.perf_counter()
            check([folder], facades, python_only=not eslint.exists())
            taken.append(time.perf_counter() - begun)
        spent = (_cpu() - spent) / 3
        scripts = "half Python, half JavaScript" if eslint.exists() else "Python alone; make peers installs ESLint"
        print(
            f"facade check of {found.files:,} files ({scripts}): {min(taken):6.2f} s, {len(found.faults)} found (aim 5 s)"
        )
