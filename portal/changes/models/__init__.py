"""Change requests, the proposals frozen for review, the decisions on them, and what people say about them."""

from portal.changes.models.change import OPEN_STATES, ChangeRequest, ChangeSet, ChangeState
from portal.changes.models.deciding import Decision, Proposal, Verdict
from portal.changes.models.discussion import Attachment, Comment, Watch

__all__ = [
    "OPEN_STATES",
    "Attachment",
    "ChangeRequest",
    "ChangeSet",
    "ChangeState",
    "Comment",
    "Decision",
    "Proposal",
    "Verdict",
    "Watch",
]
