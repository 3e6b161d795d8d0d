"""The oracle of the play: its own books of who wrote what, who signed which content, and what the policy says.

It reads rows as they stand and asks none of the judging code.
"""

import json
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime

from connectors.models import Connector
from portal.changes.models import ChangeRequest
from portal.policy.documents import baseline_document
from tests.people import ROLES

# How often something was done, was refused, and a change was applied: a play of refusals alone would show nothing.
TALLY: Counter[str] = Counter()
SIGNS = {"lead": 1, "head": 2, "executive": 3}
SIGNERS = {name: ROLES[name].value for name in ("omar", "lina", "huda", "khalid")}


@dataclass
class Book:
    """What the oracle knows of one change."""

    author: str
    writers: set[str]
    types: set[str]
    content: str
    signed: dict[str, int] = field(default_factory=dict)
    emergency_by: str = ""
    applied: bool = False


def content_of(change: ChangeRequest) -> str:
    """All that a signature is given for, from the columns."""
    classes = [change.approval_class, change.reversibility_class, change.sensitivity_class]
    window = [moment and moment.timestamp() for moment in (change.apply_after, change.apply_before)]
    told = [change.document, change.to_state, change.evidence, classes, window, change.change_set_id]
    return json.dumps(told, sort_keys=True)


class Oracle:
    """The books, and what must be true of every state."""

    def __init__(self) -> None:
        self.now: datetime
        self.books: dict[int, Book] = {}
        self.roles = dict(SIGNERS)
        self.active = set(SIGNERS)
        self.policy = baseline_document()
        entry = Connector.objects.get()
        self.version, self.document = entry.version, deepcopy(entry.document)

    def demanded(self, change: ChangeRequest, book: Book) -> tuple[int, int]:
        """Signatures, and the level of one of them, that the policy demands of a change of what stands now."""
        level = {"": 0, "A0": 0, "A1": 1, "A2": 2, "A3": 3}
        floors = [level[self.policy["reversibility"][change.reversibility_class or "R0"]], level[change.approval_class]]
        if change.document["runtime_tool"]["endpoint"] != self.document["runtime_tool"]["endpoint"]:
            floors.append(level[self.policy["touched"]["endpoint"]])
        if book.types & {"observer_agent", "recommender_agent"}:
            floors.append(1)
        if not max(floors):
            return 0, 0
        row = self.policy["signing"][f"A{max(floors)}"]
        return row["signatures"], SIGNS[row["one_of_them"]]

    def counting(self, book: Book) -> list[int]:
        return [
            min(level, SIGNS[self.roles[name]])
            for name, level in book.signed.items()
            if name in self.active and self.roles[name] in SIGNS and name not in book.writers
        ]

    def nothing_is_applied_without_the_signatures_that_it_needs(self) -> None:
        fresh = [
            change
            for change in ChangeRequest.objects.filter(kind="runtime_tool", state="applied", pk__in=self.books)
            if not self.books[change.pk].applied
        ]
        assert len(fresh) <= 1, "one object, one version, one change at a time"
        for change in fresh:
            book = self.books[change.pk]
            book.applied = True
            TALLY["applied"] += 1
            assert content_of(change) == book.content
            assert (change.base_version, change.applied_version) == (self.version, self.version + 1)
            levels = self.counting(book)
            count, senior = self.demanded(change, book)
            if book.emergency_by:
                assert self.roles[book.emergency_by] == "executive"
                assert book.emergency_by not in book.writers
                assert change.emergency
            else:
                assert not change.emergency
                assert len(levels) >= count, f"{len(levels)} of {count} signatures"
                assert max(levels, default=0) >= senior, f"nobody of level {senior} signed"
                assert change.apply_after is None or change.apply_after <= self.now
            self.version, self.document = self.version + 1, deepcopy(change.document)
        entry = Connector.objects.get()
        assert (entry.version, entry.document) == (self.version, self.document)

    def nothing_waits_that_has_all_it_needs(self) -> None:
        for change in ChangeRequest.objects.filter(kind="runtime_tool", state="approved", pk__in=self.books):
            later = change.apply_after is not None and change.apply_after > self.now
            assert later or change.held_back, f"{change.human_id} is signed, its time has come, and nothing happened"
