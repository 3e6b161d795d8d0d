"""The one table of who may do what.

Everything that is not named here is refused. Pages, API and commands ask `may()`; none of them holds a rule of
its own. Being a superuser grants nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from portal.language.lists import joined


class Role(TextChoices):
    """What a person is trusted with. Lead, function head and executive sign off A1, A2 and A3."""

    VIEWER = "viewer", _("Viewer")
    ENGINEER = "engineer", _("Engineer")
    LEAD = "lead", _("Lead")
    HEAD = "head", _("Function head")
    EXECUTIVE = "executive", _("Executive")
    OPERATOR = "operator", _("Operator")
    ADMINISTRATOR = "administrator", _("Administrator")


class ActorType(TextChoices):
    """What kind of actor a person or token is (domain: Classes)."""

    HUMAN = "human", _("Human")
    OBSERVER_AGENT = "observer_agent", _("Observer agent")
    RECOMMENDER_AGENT = "recommender_agent", _("Recommender agent")
    EXECUTOR_SYSTEM = "executor_system", _("Executor system")
    AUTOMATED_WORKFLOW = "automated_workflow", _("Automated workflow")


class Permission(TextChoices):
    """One verb of the portal."""

    VIEW = "view", _("see the registry, changes, tasks and incidents")
    PROPOSE = "propose", _("propose and edit changes")
    PROPOSE_POLICY = "propose_policy", _("propose changes of the approval policy")
    ATTACH = "attach", _("attach files to the evidence of a change")
    COMMENT = "comment", _("comment on changes")
    SIGN = "sign", _("approve or reject changes")
    COMMIT = "commit", _("apply a change that needs no approval")
    START_TASK = "start_task", _("start, adopt, answer or cancel tracked tasks")
    MOVE_CLOCKS = "move_clocks", _("extend, pause or close tracked tasks, or plan maintenance")
    WORK_BACKFILL = "work_backfill", _("work on backfills and record drills")
    ANSWER_OWN_TASK = "answer_own_task", _("answer what a task of their own team asks for")
    REPORT_VALUES = "report_values", _("report measured values of metrics")
    REPORT_LINEAGE = "report_lineage", _("report runs of bound job namespaces")
    WORK_INCIDENT = "work_incident", _("acknowledge, mitigate and resolve incidents")
    LOWER_V3 = "lower_v3", _("say that an incident is no V3")
    REPORT_INCIDENT = "report_incident", _("report incidents of other systems")
    REPORT_CHECKPOINT = "report_checkpoint", _("report results of quality checkpoints")
    REPORT_RUN = "report_run", _("report runs of data syncs")
    PAUSE_SYNC = "pause_sync", _("pause or resume the freshness SLA of data syncs")
    ANNOUNCE_BREAK = "announce_break", _("announce breaking changes of data syncs and say who has moved")
    REPORT_CLAIM = "report_claim", _("report and correct claims held against evidence")
    SET_READINESS = "set_readiness", _("set the readiness rows of a release")
    ATTEST_BUILD = "attest_build", _("attest how the build of a release came to be")
    PROPOSE_SEVERITY = "propose_severity", _("propose changes of the severity table")
    QUARANTINE = "quarantine", _("have every call of a connector refused")
    LIFT_QUARANTINE = "lift_quarantine", _("end the quarantine of a connector")
    READ_ALLOWLIST = "read_allowlist", _("read what an agent may call")
    DECIDE = "decide", _("ask whether an agent may make a call")
    READ_AUDIT = "read_audit", _("read the audit log")
    READ_DELIVERIES = "read_deliveries", _("read to whom notices were delivered")
    SEND_AGAIN = "send_again", _("send a notice again that was given up")
    MANAGE_ENDPOINTS = "manage_endpoints", _("manage the receivers of webhooks")
    MANAGE_ROUTES = "manage_routes", _("say who hears of the incidents of their own team")
    SILENCE = "silence", _("silence notices of their own team for a while")
    SET_VIEWS = "set_views", _("say which view opens a list for a role")
    MANAGE_PEOPLE = "manage_people", _("manage people, teams and tokens")


_EVERY_ROLE = frozenset(Role)
_SIGNERS = frozenset({Role.LEAD, Role.HEAD, Role.EXECUTIVE})
_EVERY_ACTOR = frozenset(ActorType)
_MACHINES_THAT_ACT = frozenset({ActorType.EXECUTOR_SYSTEM, ActorType.AUTOMATED_WORKFLOW})
_ONLY_HUMANS = frozenset({ActorType.HUMAN})
_WHO_SPEAK = frozenset({ActorType.HUMAN, ActorType.OBSERVER_AGENT, ActorType.RECOMMENDER_AGENT})


@dataclass(frozen=True)
class Grant:
    """Who may: one of these roles, acting as one of these actor types. Both must hold."""

    roles: frozenset[Role]
    actor_types: frozenset[ActorType]


TABLE: dict[Permission, Grant] = {
    Permission.VIEW: Grant(_EVERY_ROLE, _EVERY_ACTOR),
    Permission.PROPOSE: Grant(_SIGNERS | {Role.ENGINEER, Role.OPERATOR}, _EVERY_ACTOR),
    Permission.PROPOSE_POLICY: Grant(frozenset({Role.ADMINISTRATOR}), _ONLY_HUMANS),
    # Whoever proposes a change of any kind brings its evidence.
    Permission.ATTACH: Grant(_EVERY_ROLE - {Role.VIEWER}, _EVERY_ACTOR),
    Permission.COMMENT: Grant(_EVERY_ROLE, _WHO_SPEAK),
    Permission.SIGN: Grant(_SIGNERS, _ONLY_HUMANS),
    Permission.COMMIT: Grant(_SIGNERS | {Role.ENGINEER, Role.OPERATOR}, _ONLY_HUMANS | _MACHINES_THAT_ACT),
    Permission.START_TASK: Grant(_SIGNERS | {Role.ENGINEER, Role.OPERATOR}, _ONLY_HUMANS | _MACHINES_THAT_ACT),
    # What relaxes a promise is a person's word.
    Permission.MOVE_CLOCKS: Grant(_SIGNERS | {Role.ENGINEER, Role.OPERATOR}, _ONLY_HUMANS),
    Permission.WORK_BACKFILL: Grant(_SIGNERS | {Role.ENGINEER, Role.OPERATOR}, _ONLY_HUMANS | _MACHINES_THAT_ACT),
    Permission.ANSWER_OWN_TASK: Grant(_EVERY_ROLE, _ONLY_HUMANS | _MACHINES_THAT_ACT),
    # Writing what others decide by: never an agent that only observes or recommends.
    Permission.REPORT_VALUES: Grant(frozenset({Role.ENGINEER, Role.OPERATOR}), _ONLY_HUMANS | _MACHINES_THAT_ACT),
    # Only of namespaces that are bound to the account.
    Permission.REPORT_LINEAGE: Grant(frozenset({Role.ENGINEER, Role.OPERATOR}), _ONLY_HUMANS | _MACHINES_THAT_ACT),
    Permission.WORK_INCIDENT: Grant(_SIGNERS | {Role.ENGINEER, Role.OPERATOR}, _ONLY_HUMANS),
    # No exception lifts a V3, so that making it less than one takes more trust than working on it.
    Permission.LOWER_V3: Grant(frozenset({Role.HEAD, Role.EXECUTIVE}), _ONLY_HUMANS),
    Permission.REPORT_INCIDENT: Grant(frozenset({Role.ENGINEER, Role.OPERATOR}), _ONLY_HUMANS | _MACHINES_THAT_ACT),
    Permission.REPORT_CHECKPOINT: Grant(frozenset({Role.ENGINEER, Role.OPERATOR}), _ONLY_HUMANS | _MACHINES_THAT_ACT),
    Permission.REPORT_RUN: Grant(frozenset({Role.ENGINEER, Role.OPERATOR}), _ONLY_HUMANS | _MACHINES_THAT_ACT),
    # While it is paused nobody hears that data is late: a person answers for that.
    Permission.PAUSE_SYNC: Grant(_SIGNERS | {Role.ENGINEER, Role.OPERATOR}, _ONLY_HUMANS),
    Permission.ANNOUNCE_BREAK: Grant(_SIGNERS | {Role.ENGINEER, Role.OPERATOR}, _ONLY_HUMANS | _MACHINES_THAT_ACT),
    # An agent that only observes may say what it saw contradicted; what it says closes a gate and never opens one by itself.
    Permission.REPORT_CLAIM: Grant(_SIGNERS | {Role.ENGINEER, Role.OPERATOR}, _EVERY_ACTOR),
    Permission.SET_READINESS: Grant(_SIGNERS | {Role.ENGINEER, Role.OPERATOR}, _ONLY_HUMANS),
    Permission.ATTEST_BUILD: Grant(frozenset({Role.ENGINEER, Role.OPERATOR}), _ONLY_HUMANS | _MACHINES_THAT_ACT),
    Permission.PROPOSE_SEVERITY: Grant(frozenset({Role.ADMINISTRATOR}), _ONLY_HUMANS),
    # Stopping is for everyone who works here, letting go on for those who answer for it.
    Permission.QUARANTINE: Grant(_SIGNERS | {Role.ENGINEER, Role.OPERATOR}, _ONLY_HUMANS | _MACHINES_THAT_ACT),
    Permission.LIFT_QUARANTINE: Grant(_SIGNERS | {Role.OPERATOR}, _ONLY_HUMANS),
    Permission.READ_ALLOWLIST: Grant(_EVERY_ROLE, _EVERY_ACTOR),
    # The answer gives nothing that the registry does not show, and a runtime asks for many agents: any account may ask about any
    # of them. It is counted, so it has a verb of its own.
    Permission.DECIDE: Grant(_EVERY_ROLE, _EVERY_ACTOR),
    Permission.READ_AUDIT: Grant(_EVERY_ROLE - {Role.VIEWER}, _ONLY_HUMANS),
    Permission.READ_DELIVERIES: Grant(frozenset({Role.OPERATOR, Role.ADMINISTRATOR}), _ONLY_HUMANS),
    Permission.SEND_AGAIN: Grant(frozenset({Role.OPERATOR, Role.ADMINISTRATOR}), _ONLY_HUMANS),
    Permission.MANAGE_ENDPOINTS: Grant(frozenset({Role.ADMINISTRATOR}), _ONLY_HUMANS),
    # Of one's own teams alone; administrators of all, and of what is for every team.
    Permission.MANAGE_ROUTES: Grant(_SIGNERS | {Role.ENGINEER, Role.OPERATOR, Role.ADMINISTRATOR}, _ONLY_HUMANS),
    # While it is silent nobody hears of a slip: a person answers for that.
    Permission.SILENCE: Grant(_SIGNERS | {Role.ENGINEER, Role.OPERATOR, Role.ADMINISTRATOR}, _ONLY_HUMANS),
    Permission.SET_VIEWS: Grant(frozenset({Role.ADMINISTRATOR}), _ONLY_HUMANS),
    Permission.MANAGE_PEOPLE: Grant(frozenset({Role.ADMINISTRATOR}), _ONLY_HUMANS),
}

# Highest approval class a role signs for; a higher role may sign for a lower class.
SIGNS_FOR: dict[Role, int] = {Role.LEAD: 1, Role.HEAD: 2, Role.EXECUTIVE: 3}


class Acting(Protocol):
    """Whoever acts: has roles and an actor type."""

    @property
    def roles(self) -> Iterable[str]: ...

    @property
    def actor_type(self) -> str: ...


def may(actor: Acting, permission: Permission) -> bool:
    """Whether the actor may do this, by the table alone."""
    grant = TABLE.get(permission)
    if grant is None:
        return False
    return actor.actor_type in grant.actor_types and not grant.roles.isdisjoint(actor.roles)


def who_may(permission: Permission) -> str:
    """The roles that may, in words, for the sentence of a refusal."""
    grant = TABLE[permission]
    return joined(role.label for role in Role if role in grant.roles)


def signing_level(roles: Iterable[str]) -> int:
    """The highest approval class (0 to 3) that these roles may sign for."""
    return max((SIGNS_FOR.get(Role(role), 0) for role in roles), default=0)
