"""`python -m bench [PART] [--help]`: measure beside the raw limits. Without the name of a part, all of them."""

import argparse
import os
import subprocess
import sys

from bench import (
    allowlist,
    changes,
    facades,
    files,
    gate,
    lineage,
    lists,
    metrics,
    notices,
    pages,
    polling,
    quality,
    schemas,
    sweep,
    syncs,
    watch,
)

PARTS = {
    "sweep": sweep,
    "polling": polling,
    "lists": lists,
    "changes": changes,
    "schemas": schemas,
    "metrics": metrics,
    "lineage": lineage,
    "gate": gate,
    "quality": quality,
    "files": files,
    "allowlist": allowlist,
    "facades": facades,
    "syncs": syncs,
    "notices": notices,
    "pages": pages,
    "watch": watch,
}


def main() -> int:
    """Run the named part, or each in a process of its own; 0 unless one failed to run."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("part", nargs="?", choices=PARTS)
    for part in PARTS.values():
        part.arguments(parser)
    options = parser.parse_args()
    if options.part:
        PARTS[options.part].run(options)
        return 0
    failed = 0
    for name in PARTS:
        print(f"== {name}", flush=True)
        failed |= subprocess.call([sys.executable, "-m", "bench", name, *sys.argv[1:]], env=os.environ)
    return failed


if __name__ == "__main__":
    sys.exit(main())
