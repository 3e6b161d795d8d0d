"""The play: everybody at work on one connector, as rules that hypothesis puts in any order."""

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from connectors.models import Connector
from portal.changes import decisions, rebasing, services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.changes.waking import wake
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.models import User
from portal.policy.documents import KEY
from portal.policy.models import ApprovalPolicy
from portal.refusals import Refusal
from tests.changes.books import SIGNERS, SIGNS, TALLY, Book, Oracle, content_of
from tests.changes.deciding import classed
from tests.documents import put
from tests.registering import EVIDENCE

HOUR = timedelta(hours=1)
# Who writes: the account, the type of the token (empty = none), and who answers for the account.
AUTHORS = {
    "amal": ("amal", "", set()),
    "omar": ("omar", "", set()),
    "watcher": ("noor", "observer_agent", set()),
    "robot": ("robot", "", {"lina"}),
}
COMMIT = {"amal", "omar", "robot"}
DECLARED = [("", ""), ("A1", ""), ("A2", "R2"), ("A3", "R3"), ("A2", "R3")]
TIGHTER: list[tuple[str, Any]] = [
    ("reversibility.R0", "A1"),
    ("signing.A1.signatures", 2),
    ("signing.A2.one_of_them", "executive"),
    ("reversibility.R2", "A3"),
    ("signing.A3.signatures", 3),
    ("touched.endpoint", "A3"),
]


# What may happen between two signatures.
TWISTS = {"edit", "edit and back", "amend", "leave", "demote", "sink", "rise", "tighten", "overtaken",
          "overtaken while it waits"}  # fmt: skip


class Changes(Oracle, RuleBasedStateMachine):
    """Everybody at work on one connector."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        self.block = transaction.atomic()
        self.block.__enter__()
        Oracle.__init__(self)
        self.now = database_now()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    # -- acting ------------------------------------------------------------------------------------------------------

    def tried(self, call: Callable[..., Any], **told: Any) -> Any:
        """What a service answers, or None if it refused, and then nothing of it stays."""
        self.now += timedelta(seconds=1)
        try:
            with transaction.atomic():
                done = call(now=self.now, **told)
        except Refusal:
            TALLY["refused"] += 1
            return None
        TALLY["done"] += 1
        return done

    def person(self, name: str) -> Actor:
        return Actor.of(User.objects.get(username=name), signed_in_at=self.now)

    def writer(self, author: str) -> Actor:
        name, actor_type, _ = AUTHORS[author]
        return Actor.of(User.objects.get(username=name), actor_type=actor_type, signed_in_at=self.now)

    def picked(self, number: int) -> ChangeRequest:
        """One of those that can still become something, where there is one."""
        live = ChangeRequest.objects.filter(pk__in=self.books, state__in=["draft", "in_review", "approved"])
        keys = sorted(live.values_list("pk", flat=True)) or sorted(self.books)
        return ChangeRequest.objects.get(pk=keys[number % len(keys)])

    def few(self) -> bool:
        """So few open changes that the same ones are met again and again."""
        live = ChangeRequest.objects.filter(pk__in=self.books, state__in=["draft", "in_review", "approved"])
        return live.count() < 2

    def wished(self, words: int, address: int, declared: int, later: bool) -> Draft:
        document = put(deepcopy(classed("A0", "R0", "S0")), "description", f"Words {words}.")
        put(document, "runtime_tool.endpoint", f"http://127.0.0.1:{9 + address}/mcp")
        approval, reversibility = DECLARED[declared]
        after = self.now + HOUR if later else None
        return Draft(document=document, approval_class=approval, reversibility_class=reversibility,
                     evidence=EVIDENCE, apply_after=after, no_window=True)  # fmt: skip

    def written(self, pk: int, by: str) -> None:
        """Somebody may have written content anew: signatures for other content are void."""
        change = ChangeRequest.objects.get(pk=pk)
        book = self.books[pk]
        found = content_of(change)
        if found != book.content:
            book.content = found
            book.signed.clear()
            book.writers.add(by)

    wishes: Any = {"words": st.integers(0, 2), "address": st.integers(0, 1), "declared": st.integers(0, 4),
              "later": st.booleans()}  # fmt: skip
    which = st.integers(0, 5)
    signers = st.sampled_from(["omar", "lina", "huda", "khalid"])

    @precondition(lambda self: self.few())
    @rule(author=st.sampled_from(sorted(AUTHORS)), **wishes)
    def propose(self, author: str, **wish: Any) -> None:
        self.proposed(author, wish)

    def proposed(self, author: str, wish: dict[str, Any]) -> int:
        told = {"actor": self.writer(author), "kind_name": "runtime_tool", "key": "crm-lookup"}
        change = self.tried(services.propose, draft=self.wished(**wish), **told)
        name, kind, accountable = AUTHORS[author]
        types = {kind or ("executor_system" if name == "robot" else "human")}
        self.books[change.pk] = Book(author, {name} | accountable, types, content_of(change))
        self.sent(change.pk)
        return int(change.pk)

    def sent(self, pk: int) -> None:
        book = self.books[pk]
        self.tried(services.submit, actor=self.writer(book.author), change_id=pk)
        self.written(pk, AUTHORS[book.author][0])

    # The twist that every play of a run begins with.
    begins_with = "edit"

    @initialize(author=st.sampled_from(["amal", "robot"]), strict=st.integers(2, 3), words=st.integers(0, 2))
    def begin(self, author: str, strict: int, words: int) -> None:
        """The most senior signs, something happens, then the least senior sign first: what is amiss shows at once."""
        names = sorted(SIGNERS, key=lambda name: (-SIGNS[SIGNERS[name]], name))
        if self.begins_with == "tighten":
            # The other way round: what was enough before is there before what is enough now.
            names = ["omar", "khalid", "huda", "lina"]
        self.half_signed_and_then(author, strict, words, self.begins_with, names, 1)

    @precondition(lambda self: self.few())
    @rule(
        author=st.sampled_from(["amal", "omar", "robot"]),
        strict=st.integers(2, 4),
        words=st.integers(0, 2),
        twist=st.sampled_from(sorted(TWISTS)),
        names=st.permutations(sorted(SIGNERS)),
        signed=st.integers(1, 2),
    )
    def half_signed_and_then(
        self, author: str, strict: int, words: int, twist: str, names: list[str], signed: int
    ) -> None:
        """Some sign; something happens that their signatures may not survive; all others sign what stands then."""
        self.all_are_back()
        wish = {"words": words, "address": 0, "declared": strict, "later": False}
        pk = self.proposed(author, wish)
        for name in names[:signed]:
            self.signs(pk, name)
        self.twisted(pk, twist, names[0], names[-1], wish)
        for name in reversed(names):
            self.signs(pk, name)

    def all_are_back(self) -> None:
        self.active, self.roles = set(SIGNERS), dict(SIGNERS)
        for name, role in SIGNERS.items():
            User.objects.filter(username=name).update(is_active=True, roles=[role])

    def signs(self, pk: int, name: str) -> None:
        change = ChangeRequest.objects.get(pk=pk)
        if change.state == "in_review":
            self.signed_by(change, name, change.digest)
        self.holds()

    def twisted(self, pk: int, twist: str, first: str, last: str, wish: dict[str, Any]) -> None:
        change = ChangeRequest.objects.get(pk=pk)
        other = wish | {"words": wish["words"] + 1}
        if twist == "edit":
            self.edited(change, other)
            self.signed_by(ChangeRequest.objects.get(pk=pk), last, change.digest)
        elif twist == "overtaken while it waits":
            self.edited(change, wish | {"later": True})
            for name in SIGNERS:
                self.signs(pk, name)
            self.overtaken(other | {"declared": 0})
            self.time_passes(2)
        elif twist == "edit and back":
            self.edited(change, other)
            self.edited(ChangeRequest.objects.get(pk=pk), wish)
        elif twist == "amend":
            self.amended(change, last, other)
        elif twist == "leave":
            self.leave_or_come_back(first)
        elif twist == "demote":
            self.take_another_role(first, "engineer")
        elif twist == "sink":
            self.take_another_role(first, "lead")
        elif twist == "rise":
            self.take_another_role(first, "executive")
        elif twist == "tighten":
            self.tighten(TIGHTER[wish["words"] + 2])
        elif twist == "overtaken":
            self.overtaken(other | {"declared": 0})
            self.rebased(ChangeRequest.objects.get(pk=pk), "proposed")
        self.holds()

    def overtaken(self, wish: dict[str, Any]) -> None:
        """Another change of the same object is applied first."""
        pk = self.proposed("amal", wish)
        for name in ("omar", "lina", "huda", "khalid"):
            self.signs(pk, name)

    @precondition(lambda self: self.books)
    @rule(which=which)
    def submit(self, which: int) -> None:
        self.sent(self.picked(which).pk)

    @precondition(lambda self: self.books)
    @rule(which=which, **wishes)
    def edit(self, which: int, **wish: Any) -> None:
        self.edited(self.picked(which), wish)

    def edited(self, change: ChangeRequest, wish: dict[str, Any]) -> None:
        author = self.books[change.pk].author
        if self.tried(services.edit, actor=self.writer(author), change_id=change.pk, draft=self.wished(**wish)):
            self.written(change.pk, AUTHORS[author][0])

    @precondition(lambda self: self.books)
    @rule(which=which)
    def save_without_a_change(self, which: int) -> None:
        change = self.picked(which)
        draft = Draft(document=change.document, summary=f"{change.summary[:200]}.")
        self.tried(services.edit, actor=self.writer(self.books[change.pk].author), change_id=change.pk, draft=draft)
        change.refresh_from_db()
        assert content_of(change) == self.books[change.pk].content

    @precondition(lambda self: self.books)
    @rule(which=which, name=signers, **wishes)
    def amend(self, which: int, name: str, **wish: Any) -> None:
        self.amended(self.picked(which), name, wish)

    def amended(self, change: ChangeRequest, name: str, wish: dict[str, Any]) -> None:
        if name in self.active and self.tried(
            decisions.edit,
            actor=self.person(name),
            change_id=change.pk,
            digest=change.digest,
            draft=self.wished(**wish),
        ):
            assert name not in self.books[change.pk].writers - {name}
            self.books[change.pk].writers.add(name)
            self.written(change.pk, name)

    @precondition(lambda self: self.books)
    @rule(which=which, name=signers, stale=st.integers(0, 5))
    def sign(self, which: int, name: str, stale: int) -> None:
        """Mostly what stands; one time in six, what stood in the first proposal."""
        change = self.picked(which)
        first = change.proposals.first()
        self.signed_by(change, name, first.digest if first and not stale else change.digest)

    def signed_by(self, change: ChangeRequest, name: str, digest: str) -> None:
        if name not in self.active:
            return
        if self.tried(decisions.approve, actor=self.person(name), change_id=change.pk, digest=digest):
            book = self.books[change.pk]
            assert digest == change.digest
            assert name not in book.writers, f"{name} wrote it"
            assert name not in book.signed, f"{name} signed it already"
            book.signed[name] = SIGNS[self.roles[name]]

    @precondition(lambda self: self.books)
    @rule(which=which, name=signers)
    def sign_once_more(self, which: int, name: str) -> None:
        """Signing is what most of the story is about."""
        change = self.picked(which)
        self.signed_by(change, name, change.digest)

    @precondition(lambda self: self.books)
    @rule(which=which, names=st.permutations(["omar", "lina", "huda", "khalid"]))
    def sign_in_a_row(self, which: int, names: list[str]) -> None:
        pk = self.picked(which).pk
        for name in names:
            change = ChangeRequest.objects.get(pk=pk)
            if change.state == "in_review":
                self.signed_by(change, name, change.digest)
                self.nothing_is_applied_without_the_signatures_that_it_needs()

    @precondition(lambda self: self.books)
    @rule(which=which, name=st.sampled_from(["amal", "noor", "adam", "yusuf", "vera", "robot"]))
    def sign_without_being_trusted(self, which: int, name: str) -> None:
        change = self.picked(which)
        for verb in (decisions.approve, decisions.reject, decisions.apply_in_emergency):
            told = {"actor": self.person(name), "change_id": change.pk, "digest": change.digest, "reason": "Because."}
            assert self.tried(verb, **told) is None

    @precondition(lambda self: self.books)
    @rule(which=which, name=signers)
    def reject(self, which: int, name: str) -> None:
        change = self.picked(which)
        told = {"actor": self.person(name), "change_id": change.pk, "digest": change.digest, "reason": "No."}
        if name in self.active and self.tried(decisions.reject, **told):
            assert name not in self.books[change.pk].writers

    @precondition(lambda self: self.books)
    @rule(which=which, name=signers)
    def emergency(self, which: int, name: str) -> None:
        change = self.picked(which)
        told = {"actor": self.person(name), "change_id": change.pk, "digest": change.digest, "reason": "Fire."}
        if name in self.active and self.tried(decisions.apply_in_emergency, **told):
            self.books[change.pk].emergency_by = name

    @precondition(lambda self: self.books)
    @rule(which=which, side=st.sampled_from(["current", "proposed"]), as_watcher=st.booleans())
    def rebase(self, which: int, side: str, as_watcher: bool) -> None:
        self.rebased(self.picked(which), side, as_watcher=as_watcher)

    def rebased(self, change: ChangeRequest, side: str, *, as_watcher: bool = False) -> None:
        name, kind, _ = AUTHORS[self.books[change.pk].author]
        actor = Actor.of(User.objects.get(username=name), actor_type=kind or ("observer_agent" if as_watcher else ""))
        parts = rebasing.conflict_of(change, Connector.objects.get())
        choices = {part.path: side for part in parts if part.conflict}
        if self.tried(rebasing.rebase, actor=actor, change_id=change.pk, choices=choices):
            book = self.books[change.pk]
            book.types.add(actor.actor_type)
            self.written(change.pk, name)

    @precondition(lambda self: self.books)
    @rule(which=which)
    def withdraw(self, which: int) -> None:
        change = self.picked(which)
        self.tried(services.withdraw, actor=self.writer(self.books[change.pk].author), change_id=change.pk)

    @rule(hours=st.sampled_from([1, 2, 24]))
    def time_passes(self, hours: int) -> None:
        self.now += hours * HOUR
        for pk in sorted(self.books):
            wake(pk, now=self.now)

    @rule(tighter=st.sampled_from(TIGHTER))
    def tighten(self, tighter: tuple[str, Any]) -> None:
        document = put(deepcopy(self.policy), *tighter) | {"owner": "crm-team"}
        told = {"actor": self.person("adam"), "kind_name": "approval_policy", "key": KEY}
        change = self.tried(services.propose, draft=Draft(document=document, evidence=EVIDENCE), **told)
        if self.tried(services.submit, actor=self.person("adam"), change_id=change.pk) is None:
            return
        for name in sorted(self.active):
            told = {"change_id": change.pk, "digest": change.digest}
            self.tried(decisions.approve, actor=self.person(name), **told)
        standing = ApprovalPolicy.objects.first()
        if standing is not None:
            self.policy = deepcopy(standing.document)

    @rule(name=signers)
    def leave_or_come_back(self, name: str) -> None:
        self.active ^= {name}
        User.objects.filter(username=name).update(is_active=name in self.active)

    @rule(name=signers, role=st.sampled_from([*SIGNS, "engineer"]))
    def take_another_role(self, name: str, role: str) -> None:
        self.roles[name] = role
        User.objects.filter(username=name).update(roles=[role])

    @invariant()
    def holds(self) -> None:
        self.nothing_is_applied_without_the_signatures_that_it_needs()
        self.nothing_waits_that_has_all_it_needs()
