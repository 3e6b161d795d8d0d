"""What a decision is, as pure judgement: its number, its topics, what may not change."""

import re

# One way to write a number.
KEY_PATTERN = r"^adr-([0-9]{4}|[1-9][0-9]{4,5})$"
TOPIC_PATTERN = r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$"
# What the portal itself goes by; a decision of such a topic is signed by a function head.
GOVERNED = frozenset({"lineage"})
# Words about the decision that its owner may put better; the decision itself stays as it was accepted.
AROUND = frozenset({"owner", "description", "name_ar", "description_ar"})
_NUMBERED = re.compile(r"^(?:adr)?[-_ ]?0*(\d{1,6})$", re.IGNORECASE)


def number_of(key: str) -> int:
    """7 of adr-0007."""
    return int(key.removeprefix("adr-"))


def key_of(number: int) -> str:
    """adr-0007 of 7."""
    return f"adr-{number:04d}"


def shown(key: str) -> str:
    """ADR-0007, as people write it."""
    return key.upper()


def read_key(text: str) -> str | None:
    """The key of a decision as people write it: ADR-0007, adr-7, 0007, 7; None for anything else."""
    found = _NUMBERED.match(text.strip())
    return key_of(int(found.group(1))) if found else None
