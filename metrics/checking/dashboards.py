"""Dashboards and charts: Grafana, Superset, Vega and Vega-Lite, and the portal's own chart form.

Each format names what it plots in its own way (`_grafana`, `_superset`, `_vega`, `_chart`). A name is judged when it is

- a key that is out of use: always;
- no key, but of the form of one, where the panel or dashboard says `metric-dictionary: on`, or the portal's own address or form
  names it: it claims to be a key;
- no key, but nearly one (`revenue_sra`), anywhere: a slip of the pen, or a number beside the dictionary.

Everything else is somebody else's number. `metric-dictionary: off`, as a tag or in a description, leaves a panel, chart, dataset
or dashboard alone; the nearest word counts. See docs/decisions/0008-what-a-dashboard-plots.md.
"""

import difflib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator

from metrics.checking.dictionary import Dictionary
from metrics.checking.findings import Finding
from metrics.checking.judging import Told
from metrics.checking.places import Place, read
from metrics.keys import KEY_PATTERN

MOST_MEMBERS = 2000
MOST_UNPACKED = 16 * 1024 * 1024
# Different names in one file; each is compared with every key.
MOST_NAMES = 2000
_NEAR = 0.85
_KEY = re.compile(KEY_PATTERN)
_WORD = re.compile(r"metric-dictionary:\s*(on|off)\b")
_ADDRESS = re.compile(r"/api/v1/metrics/([a-z][a-z0-9_]{0,59})(?=[/?#]|$)")
_ALIAS = re.compile(r"\bas\s+[\"`\[]?([A-Za-z_]\w{0,100})[\"`\]]?", re.IGNORECASE)
# No repetition in these gives back what it took, so that no query makes them look again and again.
_EQUAL = re.compile(
    r"\bmetric(?:_key|_name)?[\"`\]]?\s*+(?:={1,3}|in\b)\s*+\(?+\s*+('[^']*+'(?:\s*+,\s*+'[^']*+')*)", re.IGNORECASE
)
_QUOTED = re.compile(r"'([^']*)'")
# A name of PromQL: not a label, not a function, not inside a text.
_TEXTS = re.compile(
    r"\"(?:[^\"\\]|\\.)*+(?:\"|\\?\Z)|'(?:[^'\\]|\\.)*+(?:'|\\?\Z)|\{[^{}]*+\}|\b(?:by|without|on|ignoring)\s*+\([^()]*+\)",
    re.DOTALL,
)
_SERIES = re.compile(r"(?<![\w:$])([a-z][a-z0-9_]*)(?![\w:]|\s*\()")
_SUPERSET = ("metric", "metrics", "metric_2", "metrics_b", "percent_metrics", "secondary_metric", "size", "x", "y")
# A name that is plotted, the place of it, and whether it is a key by the very form in which it stands.
Named = tuple[str, int, bool, str]


def looks_like_one(text: bytes) -> bool:
    """Whether it is worth reading: a cheap look at the words that each format has."""
    return (
        (b"panels" in text and (b"targets" in text or b"schemaVersion" in text))
        or b"/schema/vega" in text
        or b"portal_chart" in text
        or b"slice_name" in text
        or (b"table_name" in text and b"metric_name" in text)
    )


def findings(path: str, text: bytes, dictionary: Dictionary) -> Iterator[Finding]:
    """What one JSON or YAML file plots that it should not. Raises ValueError for one that is broken, too deep or too large."""
    is_json = path.endswith(".json")
    if not looks_like_one(text) or (not is_json and b"{{" in text):
        # Templates of other tools are no YAML before they are filled in.
        return
    judged: dict[tuple[str, bool], Told | None] = {}
    for name, line, claims, said in _named(read(text, is_json=is_json)):
        one = (name, claims or said == "on")
        if one not in judged:
            if len(judged) == MOST_NAMES:
                raise ValueError(f"it plots more than {MOST_NAMES} different names.")
            judged[one] = _judged(*one, dictionary)
        told = judged[one]
        if told is not None and said != "off":
            yield Finding(path, line, *told)


def findings_of_archive(path: str, content: bytes, dictionary: Dictionary) -> Iterator[Finding]:
    """The same for an export of Superset. Raises ValueError for an archive that is broken or too large; others are left alone."""
    unpacked = 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [one for one in archive.infolist() if one.filename.endswith((".yaml", ".yml", ".json"))]
            if not any(one.filename.rpartition("/")[2] == "metadata.yaml" for one in members):
                return
            if len(members) > MOST_MEMBERS or sum(one.file_size for one in members) > MOST_UNPACKED:
                raise ValueError(f"it holds more than {MOST_MEMBERS} files or {MOST_UNPACKED >> 20} MB.")
            for one in members:
                with archive.open(one) as file:
                    text = file.read(MOST_UNPACKED - unpacked + 1)
                unpacked += len(text)
                if unpacked > MOST_UNPACKED:
                    raise ValueError(f"it holds more than {MOST_UNPACKED >> 20} MB.")
                try:
                    yield from findings(f"{path}!{one.filename}", text, dictionary)
                except ValueError as error:
                    raise ValueError(f"{one.filename}: {error}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise ValueError(f"the archive cannot be read: {error}") from None


def _judged(name: str, claims: bool, dictionary: Dictionary) -> Told | None:
    known = dictionary.known.get(name)
    if known is not None:
        if not known.gone or ("_" not in name and not claims):
            return None
        after = f" Plot “{known.instead}” instead." if known.instead else " Take it off the dashboard."
        return "gone", f"“{name}” is plotted here and is out of use.{after}"
    if "_" not in name or _KEY.fullmatch(name) is None or len(name) > 60:
        return None
    near = difflib.get_close_matches(name, dictionary.known, 1, _NEAR)
    if not near and not claims:
        return None
    meant = f" Is “{near[0]}” meant?" if near else ""
    other = " Plot a key of the dictionary, or say metric-dictionary: off in the description."
    return "unknown", f"“{name}” is plotted here, but there is no such metric in the dictionary.{meant}{other}"


def _said(place: Place, before: str) -> str:
    """The nearest word of an author: `on`, `off`, or nothing."""
    told = [place.at("description").text or "", place.at("usermeta", "description").text or ""]
    told += [one.text or "" for one in place.at("tags").items]
    words = _WORD.findall("\n".join(told))
    return str(words[-1]) if words else before


def _named(top: Place) -> Iterator[Named]:
    whole = top.at("dashboard") if top.at("dashboard").parts else top
    if "/schema/vega" in (top.at("$schema").text or ""):
        yield from _vega(top, _said(top, ""), False)
    elif top.at("portal_chart").text == "1":
        yield from (_name(one.at("metric"), _said(top, ""), True) for one in top.at("series").items)
    elif top.at("slice_name").text is not None or top.at("table_name").text is not None:
        yield from _superset(top, _said(top, ""))
    elif whole.at("panels").items or whole.at("rows").items:
        yield from _grafana(whole, _said(whole, ""))
    elif top.at("model", "targets").items:
        # A library panel, in a file of its own.
        yield from _grafana(top.at("model"), _said(top, ""))


def _name(place: Place, said: str, claims: bool = False) -> Named:
    return place.text or "", place.line, claims, said


def _grafana(place: Place, before: str) -> Iterator[Named]:
    """A dashboard, a row or a panel: its queries that are not hidden, the choices of its variables, and what is in it."""
    said = _said(place, before)
    for query in place.at("targets").items:
        if query.at("hide").text != "true":
            yield from _query(query, said)
    for variable in place.at("templating", "list").items:
        if variable.at("name").text in ("metric", "metric_key") and variable.at("type").text == "custom":
            yield from (_name(one.at("value"), said) for one in variable.at("options").items)
    for one in [*place.at("panels").items, *place.at("rows").items]:
        yield from _grafana(one, said)
    if place.at("libraryPanel", "model").parts:
        yield from _grafana(place.at("libraryPanel", "model"), said)


def _query(query: Place, said: str) -> Iterator[Named]:
    for name in ("metric", "metricKey", "metric_key"):
        yield _name(query.at(name), said)
    for key in _ADDRESS.findall(query.at("url").text or ""):
        yield key, query.at("url").line, True, said
    for name in ("rawSql", "rawQueryText"):
        yield from _sql(query.at(name), said)
    expression = query.at("expr")
    for series in _SERIES.findall(_TEXTS.sub(" ", expression.text or "")):
        yield series, expression.line, False, said


def _sql(place: Place, said: str) -> Iterator[Named]:
    """The columns that a statement gives a name, and the keys by which it picks rows."""
    text = place.text or ""
    for name in _ALIAS.findall(text):
        yield name, place.line, False, said
    for listed in _EQUAL.findall(text):
        for name in _QUOTED.findall(listed):
            yield name, place.line, False, said


def _superset(place: Place, said: str) -> Iterator[Named]:
    """A chart names saved metrics, or gives one of its own a label; a dataset has the saved ones."""
    for name in _SUPERSET:
        given = place.at("params", name)
        for one in given.items or [given]:
            yield _name(one.at("label") if one.parts else one, said)
    for one in place.at("metrics").items:
        yield _name(one.at("metric_name"), _said(one, said))


def _vega(place: Place, before: str, drawn: bool) -> Iterator[Named]:
    """The fields that are drawn, the rows that are picked by a metric, the addresses of the portal."""
    said = _said(place, before)
    if drawn and place.at("field").text:
        # Months and regions are drawn, too: only a quantity claims to be a metric.
        claims = place.at("type").text == "quantitative"
        yield _name(place.at("field"), said if claims or said == "off" else "")
    for key in _ADDRESS.findall(place.at("url").text or ""):
        yield key, place.at("url").line, True, said
    if place.at("field").text in ("metric", "metric_key"):
        for one in [place.at("equal"), *place.at("oneOf").items]:
            yield _name(one, said)
    picked = place.at("filter")
    if picked.text:
        for listed in re.findall(r"datum\.metric(?:_key)?\s*={2,3}\s*['\"]([^'\"]*)['\"]", picked.text):
            yield listed, picked.line, False, said
    for name, one in (place.parts or {}).items():
        # Data that stands in the file is no drawing.
        if name != "values":
            yield from _vega(one, said, drawn or name in ("encoding", "encode"))
    for one in place.items:
        yield from _vega(one, said, drawn)
