"""Whether this portal can do its work: what `/-/readyz` asks."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import Error, connection

from portal.celery import app as celery_app
from portal.operations import signs
from portal.operations.depth import waiting
from portal.operations.models import Heartbeat
from portal.operations.services import database_now

WORKER = "worker"
SWEEP = "severity.sweep"
WATCHING = "severity.watching"
LATE = timedelta(seconds=15)


@dataclass(frozen=True)
class Check:
    """One answer: whether it is well, and a sentence."""

    name: str
    ok: bool
    detail: str


def database() -> Check:
    """The database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        return Check("database", False, str(error).splitlines()[0][:200])
    return Check("database", True, "answers")


def broker() -> Check:
    """The broker accepts a connection. Work goes on without one, so this is a warning to operators, not a stop."""
    try:
        with celery_app.connection_for_write(connect_timeout=2) as link:
            link.ensure_connection(max_retries=0, timeout=2)
            depth = waiting(link)
    except Exception as error:  # kombu raises whatever its transport raises
        return Check("broker", False, f"{type(error).__name__}: {str(error)[:160]}")
    return Check("broker", True, "answers" if depth is None else f"answers, {depth} hints wait")


def _age(name: str, what: str) -> Check:
    try:
        found = Heartbeat.objects.filter(name=name).first()
        now = database_now()
    except Error as error:
        return Check(what, False, str(error).splitlines()[0][:200])
    if found is None:
        return Check(what, False, "never seen")
    seconds = (now - found.at).total_seconds()
    return Check(what, now - found.at <= LATE, f"{seconds:.0f} s ago")


def worker() -> Check:
    """A worker has shown life lately."""
    return _age(WORKER, "worker")


def sweep() -> Check:
    """The last sweep is not old."""
    return _age(SWEEP, "sweep")


def watch() -> Check:
    """The watch over the portal itself is kept. What it finds late is in the detail, and in incidents of its own."""
    check = _age(WATCHING, "watch")
    try:
        late = Heartbeat.objects.filter(name=signs.WATCH).values_list("detail__late", flat=True).first()
    except Error as error:
        return Check("watch", False, str(error).splitlines()[0][:200])
    return Check("watch", check.ok, f"{check.detail}; late: {', '.join(late)}" if late else check.detail)
