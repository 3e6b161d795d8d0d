"""One operation of an OpenAPI document as an entry of a contract."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext as _

from connectors.contract import NAME
from connectors.importing.keywords import Schema
from connectors.importing.schemas import Schemas
from connectors.importing.taken import Taken, cut, text
from connectors.rules import MAX_SCHEMA_BYTES, schema_problem

READS = ("get", "head", "options", "trace")
_RETRYABLE = frozenset({"408", "425", "429", "502", "503", "504"})
_NAME = re.compile(NAME)
_STATUS = re.compile(r"[1-5](?:[0-9]{2}|XX)")
_MOST_NAME, _MOST_WORDS, _MOST_MEANING, _MOST_ERRORS = 100, 500, 300, 50
_MOST_PARAMETERS = 300
# Of these a description says nothing, whatever it says.
_HEADERS = frozenset({"accept", "content-type", "authorization"})


class Reader:
    """Reads operations one after the other; their names are told apart."""

    def __init__(self, taken: Taken, schemas: Schemas, *, bare: bool = False, most: int = MAX_SCHEMA_BYTES) -> None:
        self._taken, self._schemas, self._bare, self._most = taken, schemas, bare, most
        self._names: set[str] = set()

    def entry(self, method: str, path: str, operation: dict[str, Any], shared: Any) -> dict[str, Any]:
        """The entry; what is not described is not in it."""
        place = f"{method.upper()} {path}"[:160]
        made: dict[str, Any] = {
            "name": self._name(method, path, text(operation.get("operationId")), place),
            "description": self._words(operation, f"{method.upper()} {path}", place),
            "effect": "read" if method in READS else "write",
            "external_side_effect": False,
        }
        schema = self._sound(self._input(operation, shared, place), f"{place} input")
        if schema is not None:
            made["input_schema"] = schema
        responses = self._taken.mapping(operation.get("responses"), f"{place} responses")
        answer = self._sound(self._output(responses, place), f"{place} output")
        if answer is not None:
            made["output_schema"] = answer
        errors = list(self._errors(responses, place))[:_MOST_ERRORS]
        if errors:
            made["errors"] = errors
        else:
            self._taken.remark(_("%s: no error is described; its error model is missing.") % place)
        return made

    def _name(self, method: str, path: str, given: str, place: str) -> str:
        name = given
        if not (_NAME.fullmatch(name) and len(name) <= _MOST_NAME):
            name = re.sub(r"[^A-Za-z0-9_.:-]+", "_", given or f"{method} {path}").strip("_.:-")[: _MOST_NAME - 6]
            name = name if _NAME.fullmatch(name) else f"{method}_{name}"[: _MOST_NAME - 6]
            if given:
                told = {"place": place, "given": given[:60], "name": name[:60]}
                self._taken.remark(
                    _("%(place)s: “%(given)s” is no name of an operation; it is “%(name)s” here.") % told
                )
        first, number = name, 1
        while name in self._names:
            number += 1
            name = f"{first[: _MOST_NAME - 6]}_{number}"
        if number > 1:
            self._taken.remark(_("%(place)s: the name “%(name)s” is taken already.") % {"place": place, "name": first})
        self._names.add(name)
        return name

    def _words(self, operation: dict[str, Any], call: str, place: str) -> str:
        """What it does, and how it is called over HTTP, which stands nowhere else."""
        call = cut(call, 200)
        words = " ".join(text(operation.get("summary") or operation.get("description")).split())
        if len(words) > _MOST_WORDS - len(call) - 3:
            self._taken.remark(_("%s: its description is cut.") % place)
        if operation.get("deprecated") is True:
            self._taken.remark(_("%s is deprecated.") % place)
        room = _MOST_WORDS - len(call) - 3
        return f"{cut(words, room)} ({call})" if words else call

    def _sound(self, schema: Schema | None, place: str) -> Schema | None:
        if schema is None:
            return None
        found = self._schemas.alone(schema, self._most, place, bare=self._bare)
        problem = schema_problem(found)
        if problem:
            self._taken.remark(_("%(place)s: left out. %(problem)s") % {"place": place, "problem": problem})
            return None
        return found

    # --- what goes in ---------------------------------------------------------------------------------------------------

    def _input(self, operation: dict[str, Any], shared: Any, place: str) -> Schema:
        properties: dict[str, Any] = {}
        required: list[str] = []
        parameters = self._parameters(shared, operation.get("parameters"), place)
        for (name, where), parameter in parameters.items():
            shown = name
            if name in properties or (name == "body" and operation.get("requestBody") is not None):
                shown = f"{where}.{name}"
                self._taken.remark(_("%(place)s: the parameter “%(name)s” is “%(shown)s” here, for another has its name.")
                                   % {"place": place, "name": name[:60], "shown": shown[:60]})  # fmt: skip
            properties[shown] = self._described(self._of_parameter(parameter, f"{place} {name[:60]}"), parameter)
            if where == "path" or parameter.get("required") is True:
                required.append(shown)
        body = self._taken.mapping(
            self._schemas.resolved(operation.get("requestBody"), f"{place} body"), f"{place} body"
        )
        found = self._content(body.get("content"), f"{place} body")
        if found is not None:
            properties["body"] = found
            if body.get("required") is True:
                required.append("body")
        made: dict[str, Any] = {"type": "object", "properties": properties}
        return made | ({"required": required} if required else {})

    def _parameters(self, shared: Any, own: Any, place: str) -> dict[tuple[str, str], dict[str, Any]]:
        """Those of the path and those of the operation, which go before, by name and place."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for value in (shared, own):
            for one in self._taken.mappings(value, f"{place} parameters"):
                parameter = self._schemas.resolved(one, f"{place} parameters")
                if not isinstance(parameter, dict):
                    continue
                if len(found) >= _MOST_PARAMETERS:
                    told = {"place": place, "most": _MOST_PARAMETERS}
                    self._taken.remark(_("%(place)s: only the first %(most)d parameters are read.") % told)
                    return found
                name, where = text(parameter.get("name")), text(parameter.get("in"))
                if name and not (where == "header" and name.lower() in _HEADERS):
                    found[name[:200], where[:20]] = parameter
        return found

    def _of_parameter(self, parameter: dict[str, Any], place: str) -> Schema:
        if "schema" in parameter:
            return self._schemas.translated(parameter["schema"], place)
        found = self._content(parameter.get("content"), place)
        return True if found is None else found

    @staticmethod
    def _described(schema: Schema, parameter: dict[str, Any]) -> Schema:
        words = cut(text(parameter.get("description")), _MOST_MEANING)
        if not words or (isinstance(schema, dict) and "description" in schema):
            return schema
        return (schema if isinstance(schema, dict) else {}) | {"description": words} if schema is not False else schema

    def _content(self, value: Any, place: str) -> Schema | None:
        """The schema of the content that is JSON, or of the first; None where there is none."""
        contents = {name: one for name, one in self._taken.mapping(value, f"{place} content").items() if name}
        if not contents:
            return None
        chosen = next((name for name in contents if _is_json(name)), next(iter(contents)))
        media = self._taken.mapping(contents[chosen], f"{place} content")
        if not _is_json(chosen):
            self._taken.remark(_("%(place)s travels as %(media)s.") % {"place": place, "media": chosen[:60]})
            if "schema" not in media:
                return {"type": "string"} if chosen.startswith("text/") else True
        return self._schemas.translated(media["schema"], place) if "schema" in media else True

    # --- what comes out -------------------------------------------------------------------------------------------------

    def _output(self, responses: dict[str, Any], place: str) -> Schema | None:
        good = sorted(code for code in responses if re.fullmatch(r"2(?:[0-9]{2}|XX)", code.upper()))
        if not good:
            self._taken.remark(_("%s: no answer of success is described; its output schema is missing.") % place)
            return None
        answers = [self._schemas.resolved(responses[code], f"{place} {code}") for code in good]
        told = [one for one in answers if isinstance(one, dict)]
        for one in told:
            content = one.get("content")
            if isinstance(content, dict) and any(_is_json(name) for name in content):
                return self._content(content, f"{place} answer")
        for one in told:
            found = self._content(one.get("content"), f"{place} answer")
            if found is not None:
                return found
        # It answers with nothing.
        return {"type": "null"}

    def _errors(self, responses: dict[str, Any], place: str) -> Iterator[dict[str, Any]]:
        for code, value in responses.items():
            status = code.upper()
            if code != "default" and not (_STATUS.fullmatch(status) and status[0] in "45"):
                if not _STATUS.fullmatch(status) and not code.startswith("x-"):
                    self._taken.remark(_("%(place)s: “%(code)s” is no status.") % {"place": place, "code": code[:20]})
                continue
            answer = self._schemas.resolved(value, f"{place} {code}"[:200])
            words = text(answer.get("description")) if isinstance(answer, dict) else ""
            yield {
                "code": code if code == "default" else status,
                "meaning": cut(" ".join(words.split()) or _phrase(code), _MOST_MEANING),
                "retryable": status in _RETRYABLE,
            }


def _phrase(code: str) -> str:
    try:
        return HTTPStatus(int(code)).phrase
    except ValueError:
        return _("Any other error.") if code == "default" else _("An error of %s.") % code


def _is_json(name: str) -> bool:
    base = name.partition(";")[0].strip().lower()
    return base in ("application/json", "text/json", "*/*", "application/*") or base.endswith("+json")
