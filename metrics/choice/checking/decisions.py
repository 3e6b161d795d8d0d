"""Decision files of a repository against the register: the ruling of the topic, and that nobody edited it afterwards."""

from collections.abc import Iterable, Iterator
from pathlib import PurePath

from metrics.checking.findings import Finding
from metrics.choice.register import Register, fixed_digest
from metrics.choice.rules import TOPIC
from metrics.decisions import adr
from metrics.decisions.rules import shown

# Directories in which repositories keep decisions.
FOLDERS = frozenset({"adr", "adrs", "decisions", "decision-records", "architecture-decisions"})


def is_one(path: PurePath) -> bool:
    """Whether a file stands where decisions stand and is numbered as they are."""
    return (
        path.suffix.lower() == ".md"
        and bool(FOLDERS & {part.lower() for part in path.parts[:-1]})
        and path.name[:1].isdigit() | path.name.lower().startswith("adr-")
    )


def read(path: str, raw: bytes) -> adr.Read | Finding:
    """The decision, or what is wrong with its file."""
    try:
        return adr.read(PurePath(path).name, raw)
    except adr.Unreadable as error:
        return Finding(path, error.line, "unreadable", str(error))


def findings(files: Iterable[tuple[str, adr.Read]], register: Register) -> Iterator[Finding]:
    """What the decision files say of lineage otherwise than the register does."""
    known = list(files)
    over = {key for _path, one in known if one.status == adr.ACCEPTED for key in one.document["supersedes"]}
    for path, one in known:
        chosen = next((rule["choice"] for rule in one.document["decides"] if rule["topic"] == TOPIC), None)
        if chosen is None or one.status not in (adr.ACCEPTED, adr.SUPERSEDED):
            continue
        key = one.document["key"]
        stands = one.status == adr.ACCEPTED and key not in over
        for rule, words in _wrong(one, key, chosen, stands, register):
            yield Finding(path, one.line, rule, words)


def _wrong(one: adr.Read, key: str, chosen: str, stands: bool, register: Register) -> Iterator[tuple[str, str]]:
    ruling = f"The choice is “{register.choice}”, by {shown(register.decision)}."
    if key not in register.decisions:
        if stands:
            yield "decision-differs", f"{shown(key)} rules lineage here, and no such decision is registered. {ruling}"
        return
    if stands and key != register.decision:
        yield "decision-differs", f"{shown(key)} is superseded; say so in its file. {ruling}"
    elif not stands and key == register.decision:
        yield "decision-differs", f"{shown(key)} is superseded here, but it stands. {ruling}"
    elif stands and chosen != register.choice:
        yield "decision-differs", f"{shown(key)} chooses “{chosen}” here. {ruling}"
    elif register.decisions[key] != fixed_digest(one.document):
        yield "decision-edited", f"{shown(key)} was edited after it was accepted: export it again."
