"""Which job namespace is of which data movement, and whose tokens may report its runs. Managed by who manages tokens."""

import re
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from connectors.models import Connector, ConnectorKind
from metrics.lineage.documents import PLAIN
from metrics.models import JobNamespace
from portal.audit.services import record
from portal.people.actors import Actor
from portal.people.guards import require
from portal.people.models import User
from portal.refusals import Conflict, Invalid, Missing, Problem
from portal.registry.models import EntryState
from portal.roles import Permission


@transaction.atomic
def bind(*, actor: Actor, namespace: str, connector: str, account: str, now: datetime) -> JobNamespace:
    """Bind a job namespace to a data movement and an account. Raises Invalid, Conflict where it is bound already."""
    require(actor, Permission.MANAGE_PEOPLE)
    if not re.fullmatch(PLAIN, namespace) or len(namespace) > 200:
        message = _("From 1 to 200 characters, without control characters.")
        raise Invalid("namespace", message, [Problem("namespace", message, "namespace")])
    mover = (
        Connector.objects.filter(key=connector, kind=ConnectorKind.DATA_MOVEMENT)
        .exclude(state=EntryState.RETIRED)
        .first()
    )
    if mover is None:
        message = _("There is no data movement “%s” in use.") % connector[:60]
        raise Invalid("connector", message, [Problem("connector", message, "unknown_connector")])
    user = User.objects.filter(username=account, is_active=True).first()
    if user is None:
        message = _("There is no active account “%s”.") % account[:150]
        raise Invalid("account", message, [Problem("account", message, "unknown_account")])
    try:
        with transaction.atomic():
            one = JobNamespace.objects.create(namespace=namespace, connector=mover, account=user, created_at=now)
    except IntegrityError:
        raise Conflict("bound", _("“%s” is bound already; move it instead.") % namespace) from None
    record(actor=actor, action="namespace.bind", kind="job_namespace", key=namespace[:120], now=now,
           detail=f"{mover.key}, {user.username}")  # fmt: skip
    return one


@transaction.atomic
def move(*, actor: Actor, namespace: str, account: str, now: datetime) -> JobNamespace:
    """Let another account report for a namespace; its data movement stays, as its runs were of that one."""
    require(actor, Permission.MANAGE_PEOPLE)
    rows = JobNamespace.objects.select_for_update(of=("self",), no_key=True).select_related("connector")
    one = rows.filter(namespace=namespace[:200]).first() if namespace.isprintable() else None
    if one is None:
        raise Missing("no_such_namespace", _("There is no job namespace “%s”.") % namespace[:200])
    user = User.objects.filter(username=account, is_active=True).first()
    if user is None:
        message = _("There is no active account “%s”.") % account[:150]
        raise Invalid("account", message, [Problem("account", message, "unknown_account")])
    one.account = user
    one.save(update_fields=["account"])
    record(actor=actor, action="namespace.move", kind="job_namespace", key=namespace[:120], now=now,
           detail=f"{one.connector.key}, {user.username}")  # fmt: skip
    return one
