"""Refusals: what the domain says no to, as exceptions that carry their reason.

Every edge (page, API, command) turns them into its own form; none of them is a server error.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a document: where (`facets.retry.max_attempts`), what, and a stable code."""

    path: str
    message: str
    code: str = "invalid"


class Refusal(Exception):
    """The domain refuses. `rule` is a stable name, the message says why and what to do."""

    status = 422

    def __init__(self, rule: str, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.problems = list(problems)


class Invalid(Refusal):
    """The content is wrong; `problems` says where."""


class Forbidden(Refusal):
    """The actor may not do this."""

    status = 403


class Conflict(Refusal):
    """Somebody else was first, or the object is in another state than the caller thought."""

    status = 409


class Missing(Refusal):
    """There is no such object."""

    status = 404
