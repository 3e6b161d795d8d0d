"""`registry-metrics-check --dictionary FILE PATH…`: the check of `registry metrics check` where there is no portal.

Exits with 0 when nothing is found, 1 with findings, 2 when it cannot be done.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from metrics.checking import Dictionary, findings_of, sarif


def main(arguments: Sequence[str] | None = None) -> int:
    """Check files by a JSON export of the dictionary, and say what is found on standard output."""
    parser = argparse.ArgumentParser(
        prog="registry-metrics-check", description="Find metric keys that code must not name."
    )
    parser.add_argument("paths", type=Path, nargs="*", help="files and directories of code and dashboards")
    parser.add_argument("--dictionary", type=Path, required=True, help="from `registry metrics export --format json`")
    parser.add_argument("--sarif", type=Path, help="write what is found to this file, too")
    options = parser.parse_args(arguments)
    try:
        dictionary = Dictionary.read(options.dictionary.read_bytes(), datetime.now(UTC).date())
        found = findings_of(options.paths, dictionary)
        if options.sarif:
            options.sarif.write_text(json.dumps(sarif(found), indent=2), encoding="utf-8")
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}.\n")
        return 2
    except ValueError as error:
        sys.stderr.write(f"{options.dictionary}: {error}\n")
        return 2
    sys.stdout.writelines(f"{one}\n" for one in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
