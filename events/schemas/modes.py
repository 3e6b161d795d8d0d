"""The seven compatibility modes, and what a new version of a schema means under one of them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from events.schemas.containment import Answer, Shown
from events.schemas.guarded import covers
from events.schemas.walking import Schema, dialect_of

# A whole judgement takes no longer, however many versions there are; what is not answered by then is unknown.
SECONDS = 8.0


class Mode(StrEnum):
    """What a new version must get on with: the last version, or with `_TRANSITIVE` every one of its line."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @property
    def transitive(self) -> bool:
        """Whether every earlier version counts, and not the last alone."""
        return self.value.endswith("_TRANSITIVE")

    @property
    def directions(self) -> tuple["Direction", ...]:
        """What must hold against each version that counts."""
        found = {
            "NONE": (),
            "BACKWARD": (Direction.BACKWARD,),
            "FORWARD": (Direction.FORWARD,),
            "FULL": (Direction.BACKWARD, Direction.FORWARD),
        }
        return found[self.value.removesuffix("_TRANSITIVE")]


class Direction(StrEnum):
    """Who must understand whom. Backward: the new version reads every old event. Forward: the old reads every new one."""

    BACKWARD = "backward"
    FORWARD = "forward"


@dataclass(frozen=True)
class Verdict:
    """One direction against one earlier version; the event is accepted by the writer's side and refused by the reader's."""

    version: str
    direction: Direction
    answer: Answer
    event: dict[str, Any] | None = None


@dataclass(frozen=True)
class Judgement:
    """What a mode says of a new version. Unknown is a refusal: only a proof of yes is compatible."""

    mode: Mode
    verdicts: tuple[Verdict, ...]

    @property
    def compatible(self) -> bool:
        """Whether every direction against every version that counts is proven."""
        return all(verdict.answer is Answer.YES for verdict in self.verdicts)

    @property
    def against(self) -> tuple[Verdict, ...]:
        """What stands against it."""
        return tuple(verdict for verdict in self.verdicts if verdict.answer is not Answer.YES)


def judge(
    new: Schema,
    earlier: Sequence[tuple[str, Schema]],
    mode: Mode,
    *,
    compare: Callable[[Schema, Schema], Shown] = covers,
) -> Judgement:
    """Judge a new schema against the earlier versions of its line, oldest first. All are bundled."""
    counting = list(earlier) if mode.transitive else list(earlier)[-1:]
    end = time.monotonic() + SECONDS
    found = []
    for version, old in reversed(counting):
        for direction in mode.directions:
            if time.monotonic() > end:
                found.append(Verdict(version, direction, Answer.UNKNOWN))
            else:
                found.append(_verdict(new, version, old, direction, compare))
    return Judgement(mode, tuple(found))


def _verdict(
    new: Schema, version: str, old: Schema, direction: Direction, compare: Callable[[Schema, Schema], Shown]
) -> Verdict:
    reader, writer = (new, old) if direction is Direction.BACKWARD else (old, new)
    if dialect_of(reader) != dialect_of(writer):
        return Verdict(version, direction, Answer.UNKNOWN)
    shown = compare(reader, writer)
    return Verdict(version, direction, shown.answer, shown.event)
