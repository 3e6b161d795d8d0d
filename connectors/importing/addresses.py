"""Where something is reached, as descriptions write it: templates with variables, relative, with secrets inside."""

import re
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from django.utils.translation import gettext as _

from connectors.importing.taken import Taken

_VARIABLE = re.compile(r"\{([^{}]{1,80})\}")
_SECRET = re.compile(r"key|token|secret|passw|auth|sig", re.IGNORECASE)
_MOST = 500


def address(taken: Taken, written: str, place: str, defaults: dict[str, str]) -> str:
    """The address with its variables set to what they are unless told; none where one has no such value, or it is none.

    Secrets in it (a password, a key in its query) are taken out and never repeated.
    """
    if not written:
        return ""
    unknown = sorted({name for name in _VARIABLE.findall(written) if not defaults.get(name)})
    if unknown:
        told = {"place": place, "names": ", ".join(unknown)[:200]}
        taken.remark(_("%(place)s: no address without %(names)s; it is left out.") % told)
        return ""
    if _VARIABLE.search(written):
        written = _VARIABLE.sub(lambda found: defaults[found.group(1)], written)
        taken.remark(_("%s: its variables are set to what they are unless told.") % place)
    try:
        parts = urlsplit(written)
        host, user = parts.hostname, parts.username or parts.password
    except ValueError:
        host, user, parts = None, None, urlsplit("")
    if not host or parts.scheme not in ("http", "https") or any(letter.isspace() for letter in written):
        taken.remark(_("%s: it is no whole address (https://…); it is left out.") % place)
        return ""
    where = parts.netloc
    if user:
        where = where.rpartition("@")[2]
        taken.remark(_("%s: the name and password in it are taken out.") % place)
    query = parts.query
    if any(_SECRET.search(name) for name, _value in parse_qsl(query, keep_blank_values=True)):
        query = ""
        taken.remark(_("%s: its query may hold a secret and is taken out.") % place)
    made = urlunsplit((parts.scheme, where, parts.path, query, ""))
    if len(made) > _MOST:
        taken.remark(_("%(place)s: longer than %(most)d letters; it is left out.") % {"place": place, "most": _MOST})
        return ""
    return made


def host_of(written: str) -> str:
    """The host of an address, for telling which one it is; never its secrets."""
    try:
        return (urlsplit(written).hostname or "?")[:80]
    except ValueError:
        return "?"
