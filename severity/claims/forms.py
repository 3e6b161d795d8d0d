"""The form that corrects a verdict: what it opens with, what it sends, and where in it something is wrong."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.refusals import Problem
from portal.registry.documents import flatten
from severity.claims.rules import KINDS, MOST_PIECES, NOTE, REFERENCE, SAYS
from severity.claims.serializers import TOLD, CorrectBody
from severity.claims.services import Judged
from severity.incident_words import evidence_kind
from severity.models import Claim, Verdict

BLANK_ROWS = 2
FIELDS = ("kind", "says", "reference", "note")
_SAYS = {
    "supports": gettext_lazy("It supports the claim"),
    "contradicts": gettext_lazy("It contradicts the claim"),
    "unclear": gettext_lazy("It is unclear"),
}
Row = dict[str, str]


class CorrectForm:
    """A verdict, its note and rows of evidence; a row without reference and note is none."""

    def __init__(self, verdict: str, note: str, rows: Sequence[Row]) -> None:
        self.verdict, self.note, self.rows = verdict, note, rows[:MOST_PIECES]
        # Which row each piece that is sent stood in, so that what is wrong is said there.
        self._sent = [number for number, row in enumerate(self.rows) if row["reference"] or row["note"]]
        self.problems: list[Problem] = []

    @classmethod
    def of(cls, claim: Claim) -> "CorrectForm":
        """With the evidence that stands, so that a correction keeps what it does not change."""
        return cls(claim.verdict, "", [{name: str(piece.get(name, "")) for name in FIELDS} for piece in claim.evidence])

    @classmethod
    def posted(cls, data: Mapping[str, str]) -> "CorrectForm":
        """As it was sent."""
        rows = [
            {name: data.get(f"evidence.{number}.{name}", "").strip() for name in FIELDS}
            for number in range(MOST_PIECES)
            if f"evidence.{number}.reference" in data
        ]
        return cls(data.get("verdict", ""), data.get("note", ""), rows)

    def judged(self) -> Judged | None:
        """What is sent, or nothing where some of it is wrong: `problems` then says where."""
        pieces = [self.rows[number] for number in self._sent]
        body = CorrectBody(data={"verdict": self.verdict, "note": self.note, "evidence": pieces})
        if body.is_valid():
            return Judged(**body.validated_data)
        self.take(flatten(body.errors))
        return None

    def take(self, problems: Iterable[Problem]) -> None:
        """Keep what is wrong by the rows of the form."""
        self.problems = [Problem(self._row_of(one.path), one.message, one.code) for one in problems]

    def _row_of(self, path: str) -> str:
        parts = path.split(".")
        if len(parts) > 1 and parts[1].isdigit() and int(parts[1]) < len(self._sent):
            parts[1] = str(self._sent[int(parts[1])])
        return ".".join(parts)

    @property
    def errors(self) -> list[dict[str, str]]:
        """For parts/error_summary.html."""
        known = {node["name"]: node["id"] for node in self._nodes()}
        return [
            {"message": one.message, "href": f"#{known.get(one.path, 'evidence-rows')}"}
            for one in self.problems
        ]  # fmt: skip

    def context(self) -> dict[str, Any]:
        """For the template: the fields above, the rows, the note."""
        verdict, note, *fields = self._nodes()
        return {
            "verdict": verdict,
            "note": note,
            "rows": [fields[at : at + len(FIELDS)] for at in range(0, len(fields), len(FIELDS))],
            "errors": self.errors,
        }

    def _nodes(self) -> list[dict[str, Any]]:
        verdicts = [{"value": value, "label": label} for value, label in Verdict.choices]
        nodes = [
            self._node("verdict", _("Verdict"), "select", self.verdict, options=verdicts,
                       help=_("Too little evidence is unverified, and counts as contradicted until corrected.")),
            self._node("note", _("What you found"), "textarea", self.note, maxlength=TOLD, optional_word=True),
        ]  # fmt: skip
        blank: Row = {"kind": KINDS[0], "says": SAYS[0], "reference": "", "note": ""}
        for number, row in enumerate([*self.rows, *[blank] * BLANK_ROWS][:MOST_PIECES]):
            nodes += [self._of_row(f"evidence.{number}.{name}", name, row[name]) for name in FIELDS]
        return nodes

    def _of_row(self, path: str, name: str, value: str) -> dict[str, Any]:
        if name == "kind":
            return self._node(
                path,
                _("Kind"),
                "select",
                value,
                span=6,
                options=_options({kind: evidence_kind(kind) for kind in KINDS}),
            )
        if name == "says":
            return self._node(path, _("What it says"), "select", value, span=6, options=_options(_SAYS))
        if name == "reference":
            return self._node(path, _("Where it stands"), "text", value, mono=True, maxlength=REFERENCE)
        return self._node(path, _("Note"), "text", value, maxlength=NOTE, optional_word=True)

    def _node(self, name: str, label: str, control: str, value: str, **more: Any) -> dict[str, Any]:
        options = [{**one, "selected": one["value"] == value} for one in more.pop("options", ())]
        errors = [one.message for one in self.problems if one.path == name]
        return {
            "name": name, "id": "f-" + name.replace(".", "-"), "label": label, "control": control, "value": value,
            "options": options, "errors": errors, **more,
        }  # fmt: skip


def _options(words: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"value": value, "label": label} for value, label in words.items()]
