"""A look at a server that is not registered, or not like this, for whoever writes a document of it. Keeps nothing.

A credential is named by whoever writes, and so might be any of the portal's: it is sent only where a registered connector that
may be called names the same one for the very same address, which people have signed. Anywhere else the look is made without.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from connectors.models import Connector, ConnectorKind
from connectors.tools.probing import Seen, Target, probe, probe_with
from portal.audit.services import record as audit
from portal.outbound.client import OutboundClient
from portal.outbound.errors import OutboundRefused
from portal.outbound.guard import Guard
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Invalid, Problem
from portal.registry.models import STANDING
from portal.roles import Permission

MAX_ENDPOINT = 500


@dataclass(frozen=True)
class Tried:
    """What a look showed, and whether the credential went with it."""

    seen: Seen
    credential_sent: bool
    note: str = ""


def try_out(
    *, actor: Actor, endpoint: str, credential_ref: str, now: datetime, via: OutboundClient | None = None
) -> Tried:
    """Look at an address. Raises Forbidden, or Invalid for an address that the portal may not reach."""
    require(actor, Permission.PROPOSE)
    try:
        if not endpoint or len(endpoint) > MAX_ENDPOINT:
            raise OutboundRefused(_("Write the full address, in %d characters at most.") % MAX_ENDPOINT)
        Guard(settings.OUTBOUND_ALLOW).check_url(endpoint)
    except OutboundRefused as refused:
        raise Invalid("endpoint", str(refused), [Problem("endpoint", str(refused), "endpoint")]) from None
    sent = bool(credential_ref) and _signed(endpoint, credential_ref)
    audit(actor=actor, action="tools.try", kind=ConnectorKind.RUNTIME_TOOL, key="", now=now, detail=endpoint)
    if sent:
        return Tried(probe(Target(endpoint, credential_ref), via=via), True)
    note = ""
    if credential_ref:
        note = _("The credential was not sent: it goes only to the address for which people have approved it.")
    return Tried(probe_with(endpoint, "", via=via), False, note)


def _signed(endpoint: str, credential_ref: str) -> bool:
    """Whether a connector that may be called sends this credential to this very address already."""
    return Connector.objects.filter(
        kind=ConnectorKind.RUNTIME_TOOL,
        state__in=STANDING,
        endpoint=endpoint,
        document__runtime_tool__credential_ref=credential_ref,
    ).exists()
