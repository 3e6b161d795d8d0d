"""`registry-facade-check --from PATH… -- PATH…`: the check of `registry facade-check` where there is no portal.

Exits with 0 when nothing is found, 1 with findings, 2 when it cannot be done.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from connectors.facades import telling
from connectors.facades.sources import NoSource, from_files


def main(arguments: Sequence[str] | None = None) -> int:
    """Check code by the files of the registry, and say what is found on standard output."""
    parser = argparse.ArgumentParser(
        prog="registry-facade-check", description="Find imports of vendors' packages outside of their facades."
    )
    telling.add_arguments(parser)
    parser.add_argument(
        "--from", dest="sources", type=Path, action="append", required=True, help="registry/connectors, or a JSON file"
    )
    options = parser.parse_args(arguments)
    try:
        facades = from_files(options.sources)
    except NoSource as error:
        sys.stderr.write(f"{error}\n")
        return telling.NOT_RUN
    told = telling.told(options, facades)
    sys.stdout.write(told.text)
    sys.stderr.write(f"{told.reason}\n")
    return told.exit_code


if __name__ == "__main__":
    sys.exit(main())
