"""What the one command was asked for: flags and the environment, read once and checked for form."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from portal.embedded.errors import StartRefused

ROOT = Path(__file__).resolve().parent.parent.parent
# The same name as portal.env.RUNTIME_FILE, which reads the file (and imports Django).
RUNTIME_FILE = "portal.env"


@dataclass(frozen=True)
class Options:
    """One start of the portal on this machine."""

    demo: bool
    data_dir: Path
    port: int
    demo_mcp_port: int
    database_url: str
    broker_url: str

    @property
    def kind(self) -> str:
        """'demo' or 'run', as in `make demo` and `make run`."""
        return "demo" if self.demo else "run"

    @property
    def mode(self) -> str:
        """The PORTAL_MODE of every process."""
        return "demo" if self.demo else "local"

    @property
    def address(self) -> str:
        """Where the portal answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def logs(self) -> Path:
        """The directory of the children's logs."""
        return self.data_dir / "logs"


def read(argv: Sequence[str], environ: Mapping[str, str] = os.environ) -> Options:
    """Options from the command line and the environment; raises StartRefused on a malformed value."""
    parser = argparse.ArgumentParser(
        prog="python -m portal.embedded",
        description="Run the whole portal on this machine. Honours PORT, DATA_DIR, DATABASE_URL, BROKER_URL.",
    )
    parser.add_argument("--demo", action="store_true", help="with demo data and a demo MCP server")
    demo = parser.parse_args(argv).demo
    port = _port(environ, "PORT", 8000)
    named = environ.get("DATA_DIR", "").strip()
    directory = Path(named).expanduser() if named else ROOT / "data" / ("demo" if demo else "run")
    return Options(
        demo=demo,
        data_dir=directory.resolve(),
        port=port,
        demo_mcp_port=_port(environ, "DEMO_MCP_PORT", port + 1 if port < 65535 else port - 1),
        database_url=environ.get("DATABASE_URL", "").strip(),
        broker_url=environ.get("BROKER_URL", "").strip(),
    )


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise StartRefused(f"{name}={text!r} is not a port number; use one from 1024 to 65535.")
    return int(text)
