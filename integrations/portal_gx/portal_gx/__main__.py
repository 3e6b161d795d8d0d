"""`python -m portal_gx flush --url https://portal.example --spool DIR`: deliver what waits; 0 once nothing waits any more."""

import argparse
import os
import sys

from portal_gx.sending import Spool, flush


def main() -> int:
    """0 delivered, 1 something waits or was refused."""
    parser = argparse.ArgumentParser(prog="python -m portal_gx", description=__doc__)
    parser.add_argument("command", choices=["flush"])
    parser.add_argument("--url", required=True, help="the portal's address")
    parser.add_argument("--spool", required=True, help="the directory in which reports wait")
    parser.add_argument("--token-env", default="PORTAL_TOKEN", help="the environment variable that holds the token")
    parser.add_argument("--timeout", type=float, default=10.0)
    given = parser.parse_args()
    token = os.environ.get(given.token_env, "")
    if not token:
        parser.error(f"the environment variable {given.token_env} is not set")
    sent, refused, left = flush(Spool(given.spool), url=given.url, token=token, timeout=given.timeout)
    sys.stdout.write(f"{sent} delivered, {refused} refused, {left} waiting\n")
    return 1 if refused or left else 0


if __name__ == "__main__":
    sys.exit(main())
