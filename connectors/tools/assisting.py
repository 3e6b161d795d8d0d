"""The probe button of the form: what is behind the address that is being written, and taking its tools over into the document."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from connectors.tools.comparing import pins_of
from connectors.tools.probing import NOT_PROBED, TRANSPORT, SeenTool
from connectors.tools.proposing import Shown, operation_of, problem_of, schemas_problem, shown_of, taken_over
from connectors.tools.trying import try_out
from portal.people.actors import Actor
from portal.refusals import Conflict
from portal.registry.documents import Document

TAKE = "take"


@dataclass(frozen=True)
class Offer:
    """A tool that the address shows: whether it is in the contract and pinned as shown, or what stands against taking it over.

    `value` names it together with what it is: what is taken over is what was looked at.
    """

    name: str
    told: str
    effect: str
    value: str
    problem: str
    pinned: bool
    in_contract: bool


def assist(document: Document, data: QueryDict, actor: Actor, now: datetime) -> tuple[Document, dict[str, Any]]:
    """Look at the address of the document; with `_assist=take`, take over the tools that were chosen (`_take`)."""
    profile = document.get("runtime_tool")
    profile = profile if isinstance(profile, dict) else {}
    if profile.get("transport") not in (None, TRANSPORT):
        raise Conflict("no_probe", _(NOT_PROBED))
    endpoint, credential = str(profile.get("endpoint") or ""), str(profile.get("credential_ref") or "")
    tried = try_out(actor=actor, endpoint=endpoint, credential_ref=credential, now=now)
    taken: list[Shown] = []
    missed: list[str] = []
    if data.get("_assist") == TAKE:
        chosen = set(data.getlist("_take"))
        shown = {_value(one): shown_of(one) for one in tried.seen.tools}
        taken = [one for value, one in shown.items() if value in chosen and not _problem(one)]
        names = {one.name for one in taken}
        missed = sorted({value.rpartition(" ")[0][:100] for value in chosen} - names)
        document = taken_over(document, taken)
    pins, operations = pins_of(document), _operations(document)
    offers = [
        Offer(
            name=one.name,
            told=one.tool.description or one.tool.title,
            effect=operation_of(shown_of(one))["effect"],
            value=_value(one),
            problem=_problem(shown_of(one)),
            pinned=one.name in pins and one.prints.readable and pins[one.name] == one.prints,
            in_contract=one.name in operations,
        )
        for one in tried.seen.tools
    ]
    return document, {"tried": tried, "offers": offers, "taken": len(taken), "missed": missed}


def _value(one: SeenTool) -> str:
    return f"{one.name} {one.digest}"


def _problem(shown: Shown) -> str:
    return problem_of(shown) or schemas_problem(shown)


def _operations(document: Document) -> set[str]:
    contract = (document.get("facets") or {}).get("contract") or {}
    return {str(one.get("name")) for one in contract.get("operations") or [] if isinstance(one, dict)}
