"""Why a call is refused: every reason there is, with its sentence and what to do about it."""

from typing import NamedTuple, TypedDict

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class _Reason(NamedTuple):
    word: Promise
    sentence: Promise
    remedy: Promise


# In the order in which they are told: the first one is counted. The statement that decides gives these codes and no others.
REASONS: dict[str, _Reason] = {
    "unknown_connector": _Reason(
        _("no such connector"),
        _("There is no connector “%(connector)s”."),
        _("Check the key; runtime tools are listed under /api/v1/connectors/."),
    ),
    "wrong_kind": _Reason(
        _("no runtime tool"),
        _("“%(connector)s” is a data movement: agents call runtime tools only."),
        _("Have a runtime tool registered for what the agent needs."),
    ),
    "not_active": _Reason(
        _("not active"),
        _("“%(connector)s” is not active: it is %(state)s."),
        _("Ask its owner, %(owner)s, for the connector that takes its place, or wait until it is approved."),
    ),
    "quarantined_connector": _Reason(
        _("connector in quarantine"),
        _("“%(connector)s” is in quarantine."),
        _("Its owner, %(owner)s, looks at what happened and ends the quarantine."),
    ),
    "unknown_agent": _Reason(
        _("unknown agent"),
        _("No allowlist names the agent “%(agent)s”."),
        _("Check the key, or propose a change of the allowlist to %(owner)s."),
    ),
    "not_allowlisted": _Reason(
        _("not on the allowlist"),
        _("“%(agent)s” is not allowed “%(operation)s” of “%(connector)s”."),
        _("Propose a change of the allowlist; %(owner)s owns the connector."),
    ),
    "unknown_operation": _Reason(
        _("not in the contract"),
        _("The contract of “%(connector)s” has no operation “%(operation)s”."),
        _("Check the name against the contract, version %(contract_version)s; %(owner)s owns it."),
    ),
    "not_in_environment": _Reason(
        _("not in this environment"),
        _("“%(agent)s” is not allowed “%(operation)s” in %(environment)s."),
        _("Propose a change that adds the environment to the allowlist; %(owner)s owns the connector."),
    ),
    "unpinned": _Reason(
        _("not pinned"),
        _("The tool “%(operation)s” has no approved fingerprint."),
        _("%(owner)s probes the server and proposes to pin what it shows."),
    ),
    "quarantined_tool": _Reason(
        _("tool in quarantine"),
        _("The tool “%(operation)s” is not as it was approved and is in quarantine."),
        _("%(owner)s reviews what changed and proposes to pin it anew."),
    ),
}
WARNINGS: dict[str, _Reason] = {
    "deprecated": _Reason(
        _("deprecated"),
        _("“%(connector)s” is deprecated; it is callable until it is retired."),
        _("Move to what takes its place; %(owner)s owns it."),
    ),
}


class CallReason(TypedDict):
    """Why not, in a sentence, and what to do about it."""

    code: str
    message: str
    what_to_do: str


def told(codes: list[str], words: dict[str, str]) -> list[CallReason]:
    """The reasons or warnings of these codes, in words."""
    known = REASONS | WARNINGS
    return [
        {
            "code": code,
            "message": str(known[code].sentence) % words,
            "what_to_do": str(known[code].remedy) % words,
        }
        for code in codes
    ]
