"""`python -m portal.embedded.database COMMAND…`: run a command beside a throw-away PostgreSQL.

Sets DATABASE_URL for the command unless it is set already; used by the Makefile for what needs a database for a moment.
"""

import os
import subprocess
import sys

from portal.embedded.errors import StartRefused
from portal.embedded.postgres import temporary_server


def main() -> int:
    """Run the command and hand on its exit code."""
    command = sys.argv[1:]
    if os.environ.get("DATABASE_URL"):
        return subprocess.call(command)  # noqa: S603
    try:
        with temporary_server() as url:
            return subprocess.call(command, env=os.environ | {"DATABASE_URL": url})  # noqa: S603
    except StartRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
