"""Twin fields: the name and the description of an entry in Arabic, beside those every entry has; both may be left out.

A document keeps a twin only when it is filled: what was registered before there were twins is the same document still.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import Case, F, TextField, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import get_language

TWINS = ("name_ar", "description_ar")
# The dictionary of metrics has words of its own for them.
METRIC_TWINS = ("label_ar", "definition_ar")


def arabic_page() -> bool:
    """Whether the reader reads Arabic."""
    return (get_language() or "").startswith("ar")


def local(words: str, arabic: str) -> str:
    """What the reader of the page is shown: the twin on an Arabic page if there is one, and else the words themselves."""
    return arabic if arabic and arabic_page() else words


def local_name_of(document: Mapping[str, Any]) -> str:
    """The name that a document of any kind gives, in the language of the page; empty when it gives none."""
    return local(str(document.get("name") or ""), _told(document, 0))


def local_name() -> Any:
    """The same as an expression over the columns of an entry, for queries that load no entries."""
    return Case(When(name_ar="", then=F("name")), default=F("name_ar")) if arabic_page() else F("name")


def local_name_sql(table: str = "") -> str:
    """The same for statements in SQL, which are handed `arabic_page()` as the value `arabic`; `table` with its point."""
    return f"CASE WHEN %(arabic)s AND {table}name_ar <> '' THEN {table}name_ar ELSE {table}name END"


def local_name_in_document() -> Any:
    """The same as an expression over a column `document`, of any kind."""
    text: Any = TextField()
    told = [NullIf(KT(f"document__{name}"), Value("", text), output_field=text) for name in (TWINS[0], METRIC_TWINS[0])]
    return Coalesce(*told, KT("document__name"), output_field=text) if arabic_page() else KT("document__name")


class Named:
    """What has a name and perhaps its twin: an entry, and each of its versions."""

    name: Any
    name_ar: Any
    document: Any

    @property
    def local_name(self) -> str:
        """The name in the language of the page."""
        return local(self.name, self.name_ar)

    @property
    def other_name(self) -> dict[str, str]:
        """The name in the language that the page is not in, as {lang, dir, words}; empty without a twin."""
        return _other(self.name, self.name_ar)

    @property
    def local_description(self) -> str:
        """The description in the language of the page."""
        return local(self.document.get("description", ""), self._description_ar)

    @property
    def other_description(self) -> dict[str, str]:
        """The description in the other language, as `other_name`."""
        return _other(self.document.get("description", ""), self._description_ar)

    @property
    def _description_ar(self) -> str:
        return _told(self.document, 1)


def name_ar_of(document: Mapping[str, Any]) -> str:
    """The twin of the name that a document of any kind has; empty when it has none."""
    return _told(document, 0)


def _told(document: Mapping[str, Any], at: int) -> str:
    return next((str(told) for names in (TWINS, METRIC_TWINS) if (told := document.get(names[at]))), "")


def _other(words: str, arabic: str) -> dict[str, str]:
    if not arabic:
        return {}
    if arabic_page():
        return {"lang": "en", "dir": "ltr", "words": words}
    return {"lang": "ar", "dir": "rtl", "words": arabic}
