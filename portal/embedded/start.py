"""One start of the portal: checks, database, preparation, children, and the stop in the right order."""

import http.client
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import IO

from portal.embedded import checks, logs, postgres, process
from portal.embedded.errors import StartRefused
from portal.embedded.logs import say
from portal.embedded.options import ROOT, RUNTIME_FILE, Options
from portal.embedded.supervisor import Child, Supervisor

DEMO_PEOPLE = "viewer engineer lead head executive operator admin"
DEMO_PASSWORD = "portal-demo"  # noqa: S105 - of the demo alone, shown on its sign-in page
STOP_ORDER = ["web", "scheduler", "worker", "demo-mcp", "postgres"]
REFUSED = 2
_LEFTOVER_PATIENCE = 5.0
_READY_SECONDS = 60.0
_WEB_HEAD_START = 10.0


@dataclass
class Portal:
    """The portal on this machine, from the first check to the last stopped child."""

    options: Options
    supervisor: Supervisor = field(init=False)
    environment: dict[str, str] = field(default_factory=dict)
    _lock: IO[str] | None = None

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(self.options.data_dir / "processes.json")

    def run(self) -> int:
        """Start everything, stay until a signal, stop everything. Returns the exit code; raises StartRefused."""
        started = time.monotonic()
        self._check()
        with self.supervisor.signals():
            try:
                self._start_database()
                self._prepare()
                ready = self._start_children()
                if ready and not self.supervisor.stopping:
                    self._greet(time.monotonic() - started)
                self.supervisor.run()
            except _Stopped:
                pass
            finally:
                self._stop()
        return 0

    def _check(self) -> None:
        options = self.options
        checks.data_directory(options.data_dir)
        self._lock = checks.lock(options.data_dir)
        checks.purpose(options.data_dir, options.kind)
        left = process.end_leftovers(self.supervisor.record, patience=_LEFTOVER_PATIENCE)
        if left:
            say(f"the last start was killed; ended {left} processes it had left")
        checks.free_port(options.port, "PORT")
        if options.demo:
            checks.free_port(options.demo_mcp_port, "DEMO_MCP_PORT")
        if options.database_url:
            checks.database(options.database_url)
        if options.broker_url:
            warning = checks.broker(options.broker_url)
            if warning:
                say(warning)

    def _start_database(self) -> None:
        url = self.options.database_url
        if not url:
            directory = self.options.data_dir / "postgres"
            if not directory.exists():
                say("making a new database (a few seconds, only this time)")
            cluster = postgres.prepare(directory)
            running = self.supervisor.add(
                Child(
                    name="postgres",
                    argv=tuple(cluster.argv()),
                    log=self.options.logs / "postgres.log",
                    user=cluster.user,
                    cwd=cluster.directory,
                    stop_signal=postgres.STOP_SIGNAL,
                    stop_seconds=postgres.STOP_SECONDS,
                    death_signal=postgres.STOP_SIGNAL,
                    before_start=lambda: postgres.end_leftover(cluster.directory),
                )
            )
            assert running.process is not None
            postgres.wait_ready(cluster, running.process)
            url = cluster.url()
        self._set_environment(url)

    def _set_environment(self, database_url: str) -> None:
        options = self.options
        values = {
            "PORTAL_MODE": options.mode,
            "DATA_DIR": str(options.data_dir),
            "DATABASE_URL": database_url,
            "BROKER_URL": options.broker_url,
            "PORT": str(options.port),
            "DEMO_MCP_PORT": str(options.demo_mcp_port),
            "SECRET_KEY": os.environ.get("SECRET_KEY", "").strip() or checks.secret_key(options.data_dir),
        }
        checks.write_private(options.data_dir / RUNTIME_FILE, [f"{name}={value}" for name, value in values.items()])
        self.environment = {
            **os.environ,
            **values,
            # Names this start, so that its demo tasks are started once.
            "DEMO_BEGUN": time.strftime("%Y%m%dT%H%M%S", time.gmtime()),
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PYTHONUNBUFFERED": "1",
        }

    def _prepare(self) -> None:
        """Bring schema, assets, first administrator and demo data up to date, in one Django process."""
        self._go_on()
        command = [sys.executable, str(ROOT / "manage.py"), "prepare"]
        if self.options.demo:
            command.append("--demo")
        path = self.options.logs / "prepare.log"
        with logs.open_log(path) as errors:
            # Its standard output is the terminal: it says what it does and may ask for the first administrator.
            popen = process.spawn(
                command,
                errors=errors,
                env=self.environment,
                own_group=False,
                death_signal=signal.SIGTERM,
                cwd=ROOT,
            )
            try:
                while popen.poll() is None:
                    self.supervisor.wait(1.0)
                    self._go_on()
            finally:
                process.stop_one(popen, seconds=5.0)
        if popen.returncode == REFUSED:
            reason = (logs.last_lines(path, 1) or ["no reason given"])[0]
            raise StartRefused(reason.removeprefix("CommandError: "))
        if popen.returncode != 0:
            for line in logs.last_lines(path, 8):
                say(f"  | {line}", name="prepare")
            raise StartRefused(
                f"The database could not be prepared ({process.describe_exit(popen.returncode)}); {path} says why."
            )

    def _start_children(self) -> bool:
        """Start web first, so that a page serves as soon as can be, then the rest. Returns whether the page serves."""
        self._go_on()
        self.supervisor.add(self._child("web", _gunicorn(self.options), death_signal=signal.SIGTERM))
        begun = time.monotonic()
        rest = self._background()
        ready = False
        while not ready and time.monotonic() - begun < _READY_SECONDS:
            self.supervisor.wait(0.1)
            self._go_on()
            ready = answers(self.options.port)
            if rest and (ready or time.monotonic() - begun > _WEB_HEAD_START):
                for child in rest:
                    self.supervisor.add(child)
                rest = []
        if not ready:
            say(f"no page after {_READY_SECONDS:.0f} s; {self.options.logs / 'web.log'} says why. Still trying.")
        return ready

    def _background(self) -> list[Child]:
        celery = (sys.executable, "-m", "celery", "-A", "portal.celery")
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        worker = (*celery, "worker", "--pool", "threads", "--concurrency", "4", *quiet)
        schedule = self.options.data_dir / "schedule"
        beat = (*celery, "beat", "--schedule", str(schedule), "--pidfile", "")
        children = [self._child("worker", worker), self._child("scheduler", beat)]
        if self.options.demo:
            port = str(self.options.demo_mcp_port)
            children.insert(
                0, self._child("demo-mcp", (sys.executable, "-m", "connectors.demo.server", "--port", port))
            )
        return children

    def _child(self, name: str, argv: tuple[str, ...], death_signal: int = signal.SIGKILL) -> Child:
        return Child(
            name=name,
            argv=argv,
            log=self.options.logs / f"{name}.log",
            env=self.environment,
            cwd=ROOT,
            death_signal=death_signal,
        )

    def _greet(self, seconds: float) -> None:
        options = self.options
        lines = ["", f"  The portal is ready: {options.address}   ({seconds:.1f} s)"]
        if options.demo:
            lines.append(f"  Sign in as one of: {DEMO_PEOPLE}   password: {DEMO_PASSWORD}")
            lines.append(f"  Demo MCP server: http://127.0.0.1:{options.demo_mcp_port}")
        lines += [f"  Logs: {options.logs}   Stop: Ctrl-C", "", ""]
        sys.stdout.write("\n".join(lines))
        sys.stdout.flush()

    def _stop(self) -> None:
        if self.supervisor.children:
            say("stopping")
            self.supervisor.stop(STOP_ORDER)
            say("stopped")
        # Its database is gone: another command must not take the address for a live one.
        (self.options.data_dir / RUNTIME_FILE).unlink(missing_ok=True)

    def _go_on(self) -> None:
        if self.supervisor.stopping:
            raise _Stopped


class _Stopped(Exception):
    """Ctrl-C while starting."""


def answers(port: int) -> bool:
    """Whether the portal's own health address answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/-/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _gunicorn(options: Options) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "gunicorn", "portal.wsgi:application"),
        *("--bind", f"127.0.0.1:{options.port}"),
        *("--worker-class", "gthread", "--workers", "2", "--threads", "4"),
        *("--timeout", "60", "--graceful-timeout", "8", "--no-control-socket"),
    )
