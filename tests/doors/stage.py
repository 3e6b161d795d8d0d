"""What the table expects of every verb, and the changes that the verbs are tried on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from metrics.models import DecisionRecord
from portal.changes import decisions, services, sets
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.models import User
from portal.policy.documents import baseline_document
from portal.registry import kinds
from portal.roles import TABLE, ActorType, Permission, Role
from severity.models import Incident, ReleaseCandidate
from severity.rules import Level
from severity.table.documents import baseline_document as severity_document
from tests.connectors.backfills.world import backfill_document, sync
from tests.documents import data_movement_document, put, runtime_tool_document
from tests.events.registering import family_document, schema_document
from tests.metrics.deciding import choice_document, decision, decision_document
from tests.metrics.lineage.telling import dataset_document
from tests.metrics.quality.checking import checkpoint_document, stored, workflow_document
from tests.metrics.registering import alive, metric_document
from tests.people import actor
from tests.registering import EVIDENCE, SIGNERS
from tests.releases import world

OWN, THEIRS = True, False
# Rules that everything else is judged by: an administrator proposes them, the strictest class signs.
TABLES = ("approval_policy", "severity_table")
AUTHORS_VERBS = ("edit", "submit", "withdraw", "rebase", "resubmit", "untie", "tie")
DECIDING = ("approve", "reject", "amend", "emergency", "review")


def ruled_choice_document() -> dict[str, Any]:
    """The lineage choice, with the decision that it follows from accepted."""
    if not DecisionRecord.objects.exists():
        decision()
    return choice_document()


def excepting_document() -> dict[str, Any]:
    """An exception, with the release and the incident that it is about."""
    if not ReleaseCandidate.objects.exists():
        world.release()
        world.trouble(Level.V2)
    return world.exception_document(Incident.objects.get(), database_now() + timedelta(days=2))


def loading_document() -> dict[str, Any]:
    """A backfill, with the data movement that it loads again."""
    sync()
    return backfill_document()


def of_the_dataset(document: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """What is bound to a dataset, with that dataset there."""

    def made() -> dict[str, Any]:
        stored()
        return document()

    return made


DOCUMENTS: dict[str, Callable[[], dict[str, Any]]] = {
    "runtime_tool": runtime_tool_document,
    "data_movement": data_movement_document,
    "backfill": loading_document,
    "approval_policy": lambda: baseline_document() | {"owner": "crm-team"},
    "severity_table": lambda: severity_document() | {"owner": "crm-team"},
    "event_family": family_document,
    "event_schema": schema_document,
    "metric": metric_document,
    "decision": lambda: decision_document(decides=[]),
    "lineage_choice": ruled_choice_document,
    "dataset": dataset_document,
    "release": world.release_document,
    "exception": excepting_document,
    "checkpoint": of_the_dataset(checkpoint_document),
    "workflow": of_the_dataset(workflow_document),
}


def granted(permission: Permission, role: Role, actor_type: ActorType) -> bool:
    """What the table says, read here and not by `may`."""
    grant = TABLE[permission]
    return role in grant.roles and actor_type in grant.actor_types


def expected(verb: str, kind: str, role: Role, actor_type: ActorType, *, own: bool, token: bool) -> bool:
    """Whether this door should open."""
    proposes = granted(kinds.get(kind).proposers, role, actor_type)
    if verb in ("propose", "revert"):
        return proposes
    if verb in AUTHORS_VERBS:
        return own and proposes and (verb != "tie" or granted(Permission.PROPOSE, role, actor_type))
    if verb == "comment":
        return granted(Permission.COMMENT, role, actor_type)
    if verb == "watch":
        return granted(Permission.VIEW, role, actor_type)
    assert verb in DECIDING
    signs = granted(Permission.SIGN, role, actor_type) and not own
    # The strictest class asks for the password, which no token gives.
    strictest = verb == "emergency" or (verb == "approve" and kind in TABLES)
    if verb == "emergency" and role != Role.EXECUTIVE:
        return False
    return signs and not (strictest and token)


@dataclass
class Stage:
    """One kind with a standing object at version 2, and a change for every verb."""

    kind: str
    key: str = ""
    changes: dict[str, list[ChangeRequest]] = field(default_factory=dict)

    def document(self, words: str) -> dict[str, Any]:
        return put(DOCUMENTS[self.kind](), "description", words)

    def drafted(self, words: str, **more: Any) -> ChangeRequest:
        by = "adam" if self.kind in TABLES else "amal"
        draft = Draft(document=self.document(words) | more, evidence=EVIDENCE)
        return services.propose(actor=actor(by), kind_name=self.kind, key="", draft=draft, now=database_now())

    def sent(self, words: str) -> ChangeRequest:
        change = self.drafted(words)
        return services.submit(actor=actor(change.author.username), change_id=change.pk, now=database_now())

    def applied(self, words: str) -> None:
        change = self.sent(words)
        told: dict[str, Any] = {"change_id": change.pk, "digest": change.digest}
        for name in SIGNERS[change.required_class]:
            decisions.approve(actor=actor(name), now=database_now(), **told)

    def set_up(self) -> "Stage":
        alive()
        self.key = DOCUMENTS[self.kind]()["key"]
        self.applied("First.")
        moved = self.drafted("Moved.")
        self.applied("Second.")
        waiting = self.sent("Wanted.")
        self.changes = {verb: [waiting] for verb in ("approve", "reject", "amend", "emergency", "comment", "watch")}
        draft = self.drafted("Draft.")
        self.changes |= {verb: [draft] for verb in ("edit", "submit", "withdraw")}
        self.changes["rebase"] = [moved]
        rejected = self.sent("Rejected.")
        told: dict[str, Any] = {"change_id": rejected.pk, "digest": rejected.digest, "reason": "No."}
        decisions.reject(actor=actor("huda"), now=database_now(), **told)
        self.changes["resubmit"] = [rejected]
        if not kinds.get(self.kind).single:
            pair = [self.drafted("Tied."), self.drafted("Tied.", key="another")]
            self.changes["tie"] = pair
            bound = [self.drafted("Bound."), self.drafted("Bound.", key="yet-another")]
            sets.tie(actor=actor("amal"), change_ids=[one.pk for one in bound], summary="", now=database_now())
            self.changes["untie"] = bound[:1]
        # Applied in an emergency when its turn comes: what else was made from this version stays as it is.
        somebody("zaid", Role.EXECUTIVE)
        self.changes["review"] = [self.sent("Fire.")]
        return self

    def verbs(self) -> list[str]:
        return ["propose", "revert", *self.changes]

    def ready(self, verb: str, who: User, *, own: bool) -> list[ChangeRequest]:
        """The change, by this person if `own`."""
        changes = self.changes.get(verb, [])
        if verb == "review":
            told: dict[str, Any] = {"change_id": changes[0].pk, "digest": changes[0].digest, "reason": "Fire."}
            zaid = Actor.of(User.objects.get(username="zaid"), signed_in_at=database_now())
            decisions.apply_in_emergency(actor=zaid, now=database_now(), **told)
        ChangeRequest.objects.filter(pk__in=[one.pk for one in changes]).update(
            **({"author": who} if own else {}), apply_after=None
        )
        return changes


def somebody(name: str, role: Role) -> User:
    return User.objects.get_or_create(username=name, defaults={"roles": [role.value]})[0]
