"""JSON Schemas of events: what is wrong with one, what differs between two, and whether they get on. Pure, no database."""

from events.schemas.bounds import problems_of
from events.schemas.containment import Answer, validator_of
from events.schemas.differences import Difference, differences
from events.schemas.fields import Field, fields_of, lost_fields
from events.schemas.modes import Direction, Judgement, Mode, Verdict, judge
from events.schemas.references import Lookup, Name, Unresolved, bundled, embedded, misread, referred, turned
from events.schemas.walking import Schema, dialect_of, pointer_of, walk

__all__ = [
    "Answer", "Difference", "Direction", "Field", "Judgement", "Lookup", "Mode", "Name", "Schema", "Unresolved", "Verdict",
    "bundled", "dialect_of", "differences", "embedded", "fields_of", "judge", "lost_fields", "misread", "pointer_of",
    "problems_of", "referred", "turned", "validator_of", "walk",
]  # fmt: skip
