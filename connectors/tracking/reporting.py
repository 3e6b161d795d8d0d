"""What an operation tells of itself: by a signed webhook, or by the heartbeat address of its task.

Of an operation that reports by itself a report is what is seen of it, written like a look. Where the server is asked, a report
is a hint that makes the next look due as soon as the server allows, and never the truth.
"""

import hashlib
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from connectors.mcp import bounds, protocol
from connectors.mcp.observation import Kind, Observation, RemoteError
from connectors.models import Connector, HookMessage, TrackedTask
from connectors.tracking import claim, observe, recording, ways
from connectors.tracking.change import GONE
from connectors.tracking.report_body import Message
from connectors.tracking.status_resource import FAILED_TOOL
from portal.outbound.secrets import CredentialError, resolve
from portal.refusals import Invalid, Missing, Problem
from portal.registry.documents import bounds_problem, flatten

MAX_MESSAGE_ID = 200
# Longer than a timestamp is believed (five minutes): a message is never taken twice.
KEPT = timedelta(hours=1)
MOST_PRUNED = 1000
LEAST_PAUSE_SECONDS = 1
_HINT = """
UPDATE connectors_trackedtask
   SET next_poll_at = least(next_poll_at, greatest(statement_timestamp(),
         polled_at + greatest(coalesce(poll_interval_ms, 0), %s) * interval '1 millisecond'))
 WHERE id = %s AND ended_at IS NULL AND next_poll_at IS NOT NULL AND polled_at IS NOT NULL AND trouble_kind = ''
"""


_KEEP = """
INSERT INTO connectors_hookmessage (connector_id, message_id, at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class Report:
    """What is told of one task: its status in the portal's words, a message, a result, and when it was so."""

    status: str
    message: str = ""
    result: dict[str, Any] | None = None
    at: datetime | None = None


def new_beat() -> tuple[str, str]:
    """A secret of a heartbeat address, and the digest under which it is kept."""
    secret = random.token_urlsafe(32)
    return secret, beat_digest(secret)


def beat_digest(secret: str) -> str:
    """What is kept of the secret: sha256 in hex. The secret is random and long, so that needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def by_heartbeat(*, secret: str, status: str, now: datetime) -> str:
    """Take a call of a heartbeat address: what became of it (`taken`, `hint`, `ended`). Raises Missing for an unknown one."""
    found = TrackedTask.objects.filter(beat_digest=beat_digest(secret[:100])).values_list("pk", flat=True).first()
    if found is None:
        raise Missing("no_such_address", _("There is no such address."))
    return take(found, Report(status, at=now), now)


def by_webhook(*, connector_key: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Take a message signed as Standard Webhooks say: what became of it; `repeated` if it was taken before.

    Raises Missing where the signature, the timestamp or the connector is not right, without saying which; Invalid for a body
    that is no report. A message about a task that nobody watches is taken and changes nothing: `unknown`.
    """
    connector = Connector.objects.filter(key=connector_key[:60]).first()
    secret = _secret(connector)
    try:
        # Without a secret all the same work is done, in vain.
        Webhook(secret or "whsec_" + "A" * 44).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError, RuntimeError):
        secret = ""
    if len(headers.get("webhook-id", "")) > MAX_MESSAGE_ID:
        secret = ""
    if not secret or connector is None:
        raise Missing("not_verified", _("The message cannot be verified."))
    task_id, report = _read(body)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, [connector.pk, headers["webhook-id"], now])
            if not cursor.rowcount:
                return "repeated"
        old = HookMessage.objects.filter(at__lt=now - KEPT).values("pk")[:MOST_PRUNED]
        HookMessage.objects.filter(pk__in=old).delete()
        tasks = TrackedTask.objects.filter(connector=connector, remote_task_id=task_id)
        found = tasks.values_list("pk", flat=True).first()
        return "unknown" if found is None else take(found, report, now)


def take(task_id: int, report: Report, now: datetime) -> str:
    """Take a report of one task: `taken`, `hint` where its server is asked itself, `ended` or `older` where it is no news."""
    with transaction.atomic():
        task = (
            TrackedTask.objects.select_for_update(of=("self",), no_key=True).select_related("connector").get(pk=task_id)
        )
        if not task.open:
            return "ended"
        if ways.way_of(task.connector.document).polled:
            with connection.cursor() as cursor:
                cursor.execute(_HINT, [LEAST_PAUSE_SECONDS * 1000, task.pk])
            return "hint"
        at = min(report.at or now, now)
        if task.reported_at is not None and at < task.reported_at:
            return "older"
        change = observe.looked(claim.hold(task.pk), _seen(task, report), None, at=now, spread=0.0)
        # Nobody looks at it: what comes next is told too.
        change.columns |= {"next_poll_at": GONE, "reported_at": at, "polls": 0}
        recording.record([change])
        return "taken"


def _seen(task: TrackedTask, report: Report) -> Observation:
    failed = report.status == FAILED_TOOL
    ended = failed or report.status == protocol.COMPLETED
    message = bounds.text(report.message)
    return Observation(
        Kind.SEEN,
        "It reported its end." if report.status in (*protocol.TERMINAL_STATUSES, FAILED_TOOL) else "It reported.",
        task.remote_task_id,
        protocol.COMPLETED if failed else report.status,
        status_message=message,
        is_error=failed,
        result=bounds.document(report.result) if ended and report.result is not None else None,
        error=RemoteError(0, message) if report.status == protocol.FAILED else None,
    )


def _secret(connector: Connector | None) -> str:
    if connector is None or "runtime_tool" not in connector.document:
        return ""
    reference = ways.observation_of(connector.document).get("webhook_secret_ref", "")
    try:
        return resolve(reference, secret_dir=settings.SECRET_DIR) if reference else ""
    except CredentialError:
        return ""


def _read(body: bytes) -> tuple[str, Report]:
    """The task and the report in a body. Raises Invalid with all that is wrong with it."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        message = _("The body is not JSON: %s.") % str(error)[:200]
        raise Invalid("body", message, [Problem("", message, "not_json")]) from None
    bad = (
        bounds_problem(document)
        if isinstance(document, dict)
        else Problem("", _("Must be an object."), "not_an_object")
    )
    if bad is not None:
        raise Invalid("body", bad.message, [bad])
    checked = Message(data=document)
    if not checked.is_valid():
        problems = flatten(checked.errors)
        raise Invalid("body", _("%d thing(s) are wrong with this message.") % len(problems), problems)
    told, data = checked.validated_data, checked.validated_data["data"]
    return data["task_id"], Report(data["status"], data["message"], data["result"], told["timestamp"])
