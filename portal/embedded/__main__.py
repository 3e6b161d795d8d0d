"""`python -m portal.embedded [--demo]`: the command behind `make run` and `make demo`."""

import sys

from portal.embedded import options
from portal.embedded.errors import StartRefused
from portal.embedded.start import REFUSED, Portal


def main() -> int:
    """Run the portal; a refusal is one sentence on standard error and exit code 2."""
    try:
        return Portal(options.read(sys.argv[1:])).run()
    except StartRefused as refusal:
        sys.stdout.flush()
        sys.stderr.write(f"{refusal}\n")
        return REFUSED


if __name__ == "__main__":
    sys.exit(main())
