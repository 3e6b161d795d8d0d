#!/usr/bin/env python3
"""Ask the portal's gate from CI whether a release may be promoted. One file, Python 3.9 or newer, nothing to install.

    PORTAL_TOKEN=… python gate_check.py --url https://portal.example.com --release R-2026.12 --to prod

Exit 0 only on a clear yes, 1 on a no, 2 on anything else: whatever is not understood is not a yes.
"""

from __future__ import annotations

import argparse
import http.client
import ipaddress
import json
import math
import os
import re
import ssl
import sys
import threading
import time
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

YES, NO, UNKNOWN = 0, 1, 2
MOST_BYTES = 1_000_000
# The clocks of the portal and of this machine may differ by so many seconds.
AHEAD = 60.0
_LONGEST_LINE = 500
_RELEASE = re.compile(r"[Rr]-[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_STATUS = {
    401: "the portal does not take the token",
    403: "the owner of the token may not ask",
    404: "there is no such release, or no portal at this address",
    422: "the portal knows no such stage to be promoted to",
    429: "asked too often",
}


class Unclear(Exception):
    """There is no clear answer; says why."""


@dataclass(frozen=True)
class Place:
    """Where something listens."""

    secure: bool
    host: str
    port: int
    path: str = ""


@dataclass(frozen=True)
class Question:
    """What is asked, of whom, and how fresh the answer must be."""

    portal: Place
    proxy: Place | None
    release: str
    to: str
    token: str
    timeout: float
    max_age: float


# What was asked: arguments, token.


class _Parser(argparse.ArgumentParser):
    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        known, others = super().parse_known_args(args, namespace)
        if others:
            # Not repeated: somebody may have written the token there.
            self.error("there is an argument that this program does not know")
        return known, others


def _seconds(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or not 0 < value <= 86_400:
        raise ValueError(text)
    return value


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="gate_check.py",
        allow_abbrev=False,
        description="Whether a release may be promoted: exit 0 on a clear yes, 1 on a no, 2 on anything else.",
    )
    parser.add_argument("--url", required=True, help="Where the portal is: https://portal.example.com")
    parser.add_argument("--release", required=True, help="R-2026.12")
    parser.add_argument("--to", required=True, help="The stage to be promoted to: staging, canary or prod.")
    parser.add_argument("--token-env", default="PORTAL_TOKEN", help="The name of the variable that holds the token.")
    parser.add_argument("--max-age", type=_seconds, default=60.0, help="How old the evaluation may be, in seconds.")
    parser.add_argument("--timeout", type=_seconds, default=10.0, help="How long all of it may take, in seconds.")
    parser.add_argument("--proxy", default="", help="http://host:port. The environment's proxies are not used.")
    parser.add_argument("--allow-http", action="store_true", help="Send the token unencrypted to another machine.")
    parser.add_argument("--json", action="store_true", help="The verdict and the portal's answer as JSON.")
    return parser.parse_args(arguments)


def _token(variable: str) -> str:
    token = os.environ.get(variable, "").strip()
    if not token:
        # The name is not repeated: it is the token where somebody wrote $PORTAL_TOKEN for PORTAL_TOKEN.
        raise Unclear("the variable that --token-env names holds no token")
    if not re.fullmatch(r"[\x21-\x7e]{1,4096}", token):
        raise Unclear("what the token's variable holds is no token")
    return token


def _place(text: str, what: str) -> Place:
    wrong = Unclear(f"{what} must be an address such as https://portal.example.com, without user, query and fragment")
    if not text.isprintable() or re.search(r"[\s\\?#@]", text):
        raise wrong
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise wrong from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise wrong
    secure = parts.scheme == "https"
    path = quote(parts.path.rstrip("/"), safe="/%")
    return Place(secure, parts.hostname, port or (443 if secure else 80), path)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _question(options: argparse.Namespace, token: str) -> Question:
    portal = _place(options.url, "--url")
    proxy = _place(options.proxy, "--proxy") if options.proxy else None
    if proxy is not None and (proxy.secure or proxy.path):
        raise Unclear("--proxy must be http://host:port")
    # Through a proxy, loopback is another machine's.
    if not portal.secure and not options.allow_http and (proxy is not None or not _is_this_machine(portal.host)):
        raise Unclear("the token is sent by https only; --allow-http lifts that")
    if len(options.release) > 60 or not _RELEASE.fullmatch(options.release):
        raise Unclear("--release must be the key of a release, such as R-2026.12")
    return Question(portal, proxy, options.release, options.to, token, options.timeout, options.max_age)


# Asking.


def _connection(question: Question) -> http.client.HTTPConnection:
    """To the portal itself, or through a tunnel of the proxy. http.client follows no redirect and reads no environment."""
    portal, nearest = question.portal, question.proxy or question.portal
    made: http.client.HTTPConnection
    if portal.secure:
        context = ssl.create_default_context()
        made = http.client.HTTPSConnection(nearest.host, nearest.port, timeout=question.timeout, context=context)
    else:
        made = http.client.HTTPConnection(nearest.host, nearest.port, timeout=question.timeout)
    if question.proxy is not None:
        made.set_tunnel(portal.host, portal.port)
    return made


def _ask(question: Question) -> bytes:
    """The body of a JSON answer with status 200."""
    connection = _connection(question)
    address = f"{question.portal.path}/api/v1/releases/{quote(question.release, safe='')}/gate"
    headers = {
        "Authorization": f"Bearer {question.token}",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Cache-Control": "no-cache",
        "User-Agent": "portal-gate-check",
    }
    try:
        connection.request("GET", f"{address}?to={quote(question.to, safe='')}", headers=headers)
        response = connection.getresponse()
        if 300 <= response.status < 400:
            raise Unclear(f"HTTP {response.status}: the portal redirects, which is not followed")
        if response.status != 200:
            raise Unclear(f"HTTP {response.status}: {_STATUS.get(response.status, 'the portal does not answer')}")
        kind = (response.getheader("Content-Type") or "").split(";")[0].strip().lower()
        if kind != "application/json":
            raise Unclear("what answers there is no gate: it does not send JSON")
        body = b""
        while len(body) <= MOST_BYTES:
            piece = response.read(65_536)
            if not piece:
                return body
            body += piece
        raise Unclear("the answer is too long")
    finally:
        connection.close()


def fetch(question: Question) -> bytes:
    """The body of the answer, within the time there is: for all of it, names, TLS and a dripping answer included."""
    found: list[bytes | Unclear] = []

    def work() -> None:
        try:
            found.append(_ask(question))
        except Unclear as unclear:
            found.append(unclear)
        except Exception as error:
            found.append(Unclear(f"the portal is not reachable: {type(error).__name__}: {error}"))

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(question.timeout)
    outcome = found[0] if found else Unclear(f"no whole answer within {question.timeout:g} seconds")
    if isinstance(outcome, Unclear):
        raise outcome
    return outcome


# Understanding the answer.


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _whole(text: str) -> int:
    if len(text) > 19:
        raise ValueError("a number is too long")
    return int(text)


def _refuse(text: str) -> Any:
    raise ValueError(f"{text[:20]} does not belong there")


def understood(body: bytes) -> dict[str, Any]:
    """The JSON object of an answer. Keys stand once; there are no fractions in it, no NaN and no Infinity."""
    try:
        found = json.loads(
            body.decode("utf-8"), object_pairs_hook=_once, parse_int=_whole, parse_float=_refuse, parse_constant=_refuse
        )
    except (ValueError, RecursionError) as error:
        raise Unclear(f"the answer is no JSON that a gate sends: {error}") from error
    if not isinstance(found, dict):
        raise Unclear("the answer is no JSON object")
    return found


def _moment(text: str) -> float:
    parts = _MOMENT.fullmatch(text)
    if parts is None:
        raise Unclear("evaluated_at is no moment with a zone")
    day, clock, fraction, zone = parts.groups()
    zone = "+00:00" if zone == "Z" else zone
    try:
        whole = datetime.fromisoformat(f"{day}T{clock}{zone}").timestamp()
    except (ValueError, OverflowError) as error:
        raise Unclear("evaluated_at is no moment with a zone") from error
    return whole + float(f"0.{fraction or 0}")


def _field(answer: dict[str, Any], name: str, kind: type) -> Any:
    # `is`: True is an int as well, and 0 equals False.
    if type(answer.get(name)) is not kind:
        raise Unclear(f"{name} of the answer is missing or not what a gate sends")
    return answer[name]


def _check_reasons(answer: dict[str, Any], name: str) -> None:
    for one in _field(answer, name, list):
        if not isinstance(one, dict) or not isinstance(one.get("since"), (str, type(None))):
            raise Unclear(f"{name} of the answer is not what a gate sends")
        for part in ("rule", "what", "object", "address", "who"):
            _field(one, part, str)


def verdict(answer: dict[str, Any], question: Question, now: float) -> bool:
    """Whether it is a yes. Raises Unclear for what is no sound, fresh answer to this question, or contradicts itself."""
    allowed = _field(answer, "launch_allowed", bool)
    _check_reasons(answer, "blocked_reasons")
    _check_reasons(answer, "warnings")
    unlisted = _field(answer, "blocked_unlisted", int)
    for name in ("stage", "severity_note", "digest"):
        _field(answer, name, str)
    release = _field(answer, "release", str)
    if not release.isascii() or release.lower() != question.release.lower() or _field(answer, "to", str) != question.to:
        raise Unclear("the answer is about another release or stage")
    age = now - _moment(_field(answer, "evaluated_at", str))
    if age > question.max_age:
        raise Unclear(f"the evaluation is {age:.0f} seconds old")
    if age < -AHEAD:
        raise Unclear(f"the evaluation lies {-age:.0f} seconds ahead of this machine's clock")
    if allowed is not True:
        return False
    if answer["blocked_reasons"] != [] or unlisted != 0:
        raise Unclear("the answer contradicts itself: allowed, and yet something blocks")
    return True


# Telling.


def clean(text: str, token: str) -> str:
    """One line for a terminal or a log of CI: no control or invisible characters, no commands of CI, never the token."""
    spaced = re.sub(r"[\s\u2028\u2029]+", " ", text)
    line = "".join(one for one in spaced if unicodedata.category(one)[0] != "C").strip()
    if token:
        line = line.replace(token, "***")
    # "##[" and "##vso[" are commands to runners, anywhere in a line.
    line = re.sub("#(?=#)", "# ", line)
    return line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + "…"


def _without(value: Any, token: str) -> Any:
    """The value with the token taken out of every text."""
    if isinstance(value, str):
        return value.replace(token, "***")
    if isinstance(value, list):
        return [_without(one, token) for one in value]
    if isinstance(value, dict):
        return {_without(name, token): _without(one, token) for name, one in value.items()}
    return value


def _reason(word: str, one: dict[str, Any], url: str) -> str:
    since = f" since {one['since']}" if one["since"] else ""
    address = one["address"]
    where = f" {url.rstrip('/')}{address}" if address.startswith("/") and not address.startswith("//") else ""
    return f"{word}: {one['object']} {one['what']}{since} [{one['rule']}] - {one['who']}{where}"


def told(answer: dict[str, Any], question: Question, url: str, yes: bool) -> list[str]:
    """The verdict in lines."""
    lines = [
        f"{question.release.upper()} {'may' if yes else 'may NOT'} be promoted to {question.to}"
        f" (evaluated at {answer['evaluated_at']}).",
        f"note: {answer['severity_note']}",
        *(_reason("blocks", one, url) for one in answer["blocked_reasons"]),
    ]
    if answer["blocked_unlisted"]:
        lines.append(f"blocks: {answer['blocked_unlisted']} more.")
    return lines + [_reason("warns", one, url) for one in answer["warnings"]]


def _write(stream: Any, lines: list[str]) -> None:
    if stream is not None:
        # A log that cannot show a letter shows its number.
        stream.reconfigure(errors="backslashreplace")
        stream.write("".join(f"{line}\n" for line in lines))
        stream.flush()


def _write_json(**fields: Any) -> None:
    # ASCII, so that no control character goes out raw; and see `clean` for the signs.
    text = json.dumps(fields, indent=2, ensure_ascii=True).replace("##", "\\u0023\\u0023")
    _write(sys.stdout, [text])


def main(arguments: list[str]) -> int:
    """Ask, tell, and return the exit status."""
    options = _arguments(arguments)
    token = ""
    try:
        token = _token(options.token_env)
        question = _question(options, token)
        answer = understood(fetch(question))
        yes = verdict(answer, question, time.time())
    except Unclear as unclear:
        problem = clean(str(unclear), token)
        if options.json:
            _write_json(verdict="unknown", problem=problem, answer=None)
        _write(sys.stderr, [f"No clear answer, so no: {problem}."])
        return UNKNOWN
    if options.json:
        _write_json(verdict="yes" if yes else "no", problem="", answer=_without(answer, token))
    else:
        lines = [clean(line, token) for line in told(answer, question, options.url, yes)]
        _write(sys.stdout, [lines[0], *(f"  {line}" for line in lines[1:])])
    return YES if yes else NO


def run() -> None:
    """Run and end at once, whatever a thread still waits for. Help, wrong arguments and every mishap end with 2 as well."""
    code = UNKNOWN
    try:
        code = main(sys.argv[1:])
    except SystemExit:
        _write(sys.stdout, [])
    except BaseException as error:
        # Without its text, which may hold anything.
        try:
            sys.stderr.write(f"No clear answer, so no: {type(error).__name__}.\n")
            sys.stderr.flush()
        except Exception:
            os._exit(UNKNOWN)
    os._exit(code)


if __name__ == "__main__":
    run()
