"""The addresses under /registry/."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from rest_framework.exceptions import APIException, AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from events.explaining import explained, hurting
from events.line import judged, lookup, referring
from events.models import EventFamily
from events.proposing import proposal
from events.registry import registering, subjects
from events.registry.bodies import PARSERS, RegistryRenderer, mapping, schema_in
from events.registry.errors import Code, RegistryRefusal
from events.schemas import Judgement, Mode, Unresolved, bundled, judge, problems_of
from portal.api.authentication import BasicTokenAuthentication, BearerAuthentication
from portal.api.problems import exception_handler
from portal.api.views import PortalViewSet
from portal.changes.models import ChangeState
from portal.refusals import Refusal
from portal.roles import Permission


class RegistryViewSet(PortalViewSet):
    """What every address of the registry API has: its media types, its errors, tokens as bearer or as a password."""

    authentication_classes = [BearerAuthentication, BasicTokenAuthentication]
    parser_classes = PARSERS
    renderer_classes = [RegistryRenderer]
    schema = None

    def flag(self, name: str) -> bool:
        """A query parameter that is true or false."""
        return self.request.query_params.get(name, "").lower() == "true"

    def part(self, rows: Sequence[Any]) -> list[Any]:
        """Of a list what `offset` and `limit` leave; a limit below 0 is none."""
        found = {}
        for name, default in (("offset", "0"), ("limit", "-1")):
            text = self.request.query_params.get(name, default)
            if not text.removeprefix("-").isdecimal() or len(text) > 12:
                raise RegistryRefusal(Code.INVALID_VERSION, f"`{name}` is a number.")
            found[name] = int(text)
        begin = max(found["offset"], 0)
        return list(rows[begin:] if found["limit"] < 0 else rows[begin : begin + found["limit"]])

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Clients accept what they will; the answer is JSON."""
        renderer = RegistryRenderer()
        return renderer, renderer.media_type

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, RegistryRefusal):
            headers = {"Location": exc.location} if exc.location else {}
            return Response({"error_code": exc.code, "message": exc.message}, exc.status, headers=headers)
        if not isinstance(exc, APIException | Refusal):
            return super().handle_exception(exc)
        if isinstance(exc, NotAuthenticated | AuthenticationFailed):
            setattr(exc, "auth_header", 'Bearer, Basic realm="registry"')  # noqa: B010 - as DRF sets it, untyped
        made = exception_handler(exc, self.get_exception_handler_context())
        assert made is not None
        data: Any = made.data
        told = "; ".join(f"{one['path']}: {one['message']}" for one in data.get("errors", [])[:5])
        body = {"error_code": made.status_code * 100 + 1, "message": told or data["detail"]}
        headers = {name: value for name, value in made.headers.items() if name != "Content-Type"}
        return Response(body, made.status_code, headers=headers)


class SchemasViewSet(RegistryViewSet):
    """Schemas by their ids."""

    def types(self, request: Request) -> Response:
        """The kinds of schema that are kept here."""
        return Response(["JSON"])

    def one(self, request: Request, pk: str) -> Response:
        """The schema with an id."""
        return Response(subjects.answer(subjects.by_id(pk)))

    def text(self, request: Request, pk: str) -> Response:
        """The schema alone."""
        return Response(subjects.by_id(pk).schema)

    def named(self, request: Request, pk: str) -> Response:
        """The subjects under which it is registered."""
        return Response([subjects.subject_of(subjects.by_id(pk).row.family)])

    def places(self, request: Request, pk: str) -> Response:
        """The subjects and versions under which it is registered."""
        one = subjects.by_id(pk)
        return Response([{"subject": subjects.subject_of(one.row.family), "version": one.version}])


class SubjectsViewSet(RegistryViewSet):
    """Subjects and their versions."""

    write_permissions = {
        "look_up": Permission.VIEW,
        "register": Permission.PROPOSE,
        "delete": Permission.PROPOSE,
        "delete_all": Permission.PROPOSE,
    }

    def every(self, request: Request) -> Response:
        """All subjects that have a version."""
        prefix = request.query_params.get("subjectPrefix", "")
        rows = subjects.listed(deleted=self.flag("deleted"), only=self.flag("deleted_only"))
        return Response(self.part([name for name in map(subjects.subject_of, rows) if name.startswith(prefix)]))

    def versions(self, request: Request, subject: str) -> Response:
        """The numbers of its versions."""
        family, only = subjects.family_of(subject), self.flag("deleted_only")
        found = subjects.standing(family, subject, deleted=only or self.flag("deleted"))
        return Response(self.part([one.version for one in found if not (only and one.stands)]))

    def version(self, request: Request, subject: str, version: str) -> Response:
        """One version, whole."""
        one = subjects.numbered(subjects.family_of(subject), subject, version, deleted=self.flag("deleted"))
        return Response({"subject": subject, "version": one.version, "id": one.row.pk} | subjects.answer(one))

    def version_text(self, request: Request, subject: str, version: str) -> Response:
        """The schema of a version alone."""
        family = subjects.family_of(subject)
        return Response(subjects.numbered(family, subject, version, deleted=self.flag("deleted")).schema)

    def referenced_by(self, request: Request, subject: str, version: str) -> Response:
        """The ids of the versions that refer to one."""
        one = subjects.numbered(subjects.family_of(subject), subject, version, deleted=True)
        return Response([row.pk for row in referring(one.row)])

    def look_up(self, request: Request, subject: str) -> Response:
        """Whether a schema is registered under a subject."""
        family, schema = subjects.family_of(subject), schema_in(request)
        one = subjects.equal(subjects.standing(family, subject, deleted=self.flag("deleted")), schema)
        if one is None:
            raise RegistryRefusal(Code.SCHEMA_NOT_FOUND, f"Schema not found under subject '{subject}'.")
        return Response({"subject": subject, "version": one.version, "id": one.row.pk} | subjects.answer(one))

    def register(self, request: Request, subject: str) -> Response:
        """The id of a schema that is registered; a new one opens a change, and the answer says where."""
        family, schema = subjects.family_of(subject), schema_in(request)
        known = [one for one in subjects.versions_of(family.key) if one.stands]
        one = subjects.equal(known, schema)
        if one is None:
            change = registering.register(actor=self.actor, family=family, schema=schema, now=self.now())
            if change is not None and change.state != ChangeState.APPLIED:
                raise registering.waits(change)
            one = subjects.equal(subjects.versions_of(family.key), schema)
            assert one is not None
        return Response({"id": one.row.pk, "version": one.version} | subjects.answer(one))

    def delete(self, request: Request, subject: str, version: str) -> Response:
        """Retire a version, which opens a change; one that is retired answers with its number. Nothing is ever erased."""
        one = subjects.numbered(subjects.family_of(subject), subject, version, deleted=True)
        self._retired([one])
        return Response(one.version)

    def delete_all(self, request: Request, subject: str) -> Response:
        """The same of every version."""
        found = subjects.standing(subjects.family_of(subject), subject, deleted=True)
        self._retired(found)
        return Response([one.version for one in found])

    def _retired(self, found: list[subjects.Numbered]) -> None:
        if self.flag("permanent"):
            raise RegistryRefusal(
                Code.NOT_PERMITTED, "Nothing is erased here: a version that is deleted stays readable by its id."
            )
        waiting = [registering.retire(actor=self.actor, one=one, now=self.now()) for one in found if one.stands]
        still_open = [change for change in waiting if change.state != ChangeState.APPLIED]
        if still_open:
            raise registering.waits(still_open[0])


class CompatibilityViewSet(RegistryViewSet):
    """Whether a schema gets on with what is registered, by the family's mode."""

    write_permissions = {"with_one": Permission.VIEW, "with_all": Permission.VIEW}

    def with_one(self, request: Request, subject: str, version: str) -> Response:
        """With one version, in the directions of the mode."""
        family = subjects.family_of(subject)
        one = subjects.numbered(family, subject, version)
        return self._answer(family, schema_in(request), [one])

    def with_all(self, request: Request, subject: str) -> Response:
        """With the versions that count by the mode: the newest, or every one of the line."""
        family = subjects.family_of(subject)
        return self._answer(family, schema_in(request), None)

    def _answer(self, family: EventFamily, schema: Any, against: list[subjects.Numbered] | None) -> Response:
        wrong = problems_of(schema, lookup)
        if wrong:
            raise RegistryRefusal(Code.INVALID_SCHEMA, f"{wrong[0].path or '#'}: {wrong[0].message}")
        try:
            new = bundled(schema, lookup)
            if against is None:
                found = judged(proposal(family, schema), family)
            else:
                earlier = [(one.row.number, bundled(one.schema, lookup)) for one in against]
                found = judge(new, earlier, Mode(family.compatibility))
            messages = _messages(family, found, new) if self.flag("verbose") else []
        except Unresolved as error:
            raise RegistryRefusal(Code.INVALID_SCHEMA, str(error)) from None
        return Response({"is_compatible": found.compatible} | ({"messages": messages} if self.flag("verbose") else {}))


def _messages(family: EventFamily, found: Judgement, new: Any) -> list[str]:
    told = []
    for verdict in found.against:
        old = lookup(family.key, verdict.version)
        told.append(explained(found.mode, verdict, [] if old is None else hurting(verdict, bundled(old, lookup), new)))
    return told


class ConfigViewSet(RegistryViewSet):
    """Compatibility levels: the modes of families. There is no level for all: every family has its own."""

    write_permissions = {"change": Permission.PROPOSE, "change_all": Permission.VIEW, "reset": Permission.VIEW}

    def for_all(self, request: Request) -> Response:
        """What a family has unless it says otherwise: clients ask for it before they register."""
        return Response({"compatibilityLevel": Mode.BACKWARD})

    def of(self, request: Request, subject: str) -> Response:
        """The mode of a family."""
        return Response({"compatibilityLevel": subjects.family_of(subject).compatibility})

    def change(self, request: Request, subject: str) -> Response:
        """Ask for another mode, which opens a change."""
        family = subjects.family_of(subject)
        body = mapping(request.data)
        level = body.get("compatibility")
        if level not in list(Mode) or set(body) - {"compatibility"}:
            raise RegistryRefusal(Code.INVALID_LEVEL, f"`compatibility`, alone, is one of {', '.join(Mode)}.")
        if level != family.compatibility:
            change = registering.change_level(actor=self.actor, family=family, level=level, now=self.now())
            if change.state != ChangeState.APPLIED:
                raise registering.waits(change)
        return Response({"compatibility": level})

    def change_all(self, request: Request) -> Response:
        """Refused: see the class."""
        raise RegistryRefusal(Code.NOT_PERMITTED, "Every family has a mode of its own: PUT /config/<subject>.")

    def reset(self, request: Request, subject: str = "") -> Response:
        """Refused: see the class."""
        raise RegistryRefusal(
            Code.NOT_PERMITTED, "A family always has a mode of its own; it can be changed, not removed."
        )


class ModeViewSet(RegistryViewSet):
    """The registry can always be read, and written to by what the approvals let through."""

    write_permissions = {"change": Permission.VIEW}

    def of(self, request: Request, subject: str = "") -> Response:
        """READWRITE, of every subject."""
        if subject and not self.flag("defaultToGlobal"):
            subjects.family_of(subject)
            raise RegistryRefusal(Code.SUBJECT_MODE_NOT_SET, f"Subject '{subject}' has no mode of its own.")
        return Response({"mode": "READWRITE"})

    def change(self, request: Request, subject: str = "") -> Response:
        """Refused: nobody writes around the approvals."""
        raise RegistryRefusal(
            Code.NOT_PERMITTED, "The mode is READWRITE and stays so: approvals decide what is written."
        )


class OtherViewSet(RegistryViewSet):
    """What clients ask for beside."""

    def associations(self, request: Request, namespace: str, topic: str) -> Response:
        """None: a subject is found by its name."""
        return Response([])

    def contexts(self, request: Request) -> Response:
        """The one there is."""
        return Response(["."])

    def server(self, request: Request) -> Response:
        """What this is."""
        return Response({"portal": settings.PUBLIC_URL})


class NothingViewSet(RegistryViewSet):
    """Any other address."""

    write_permissions = {"refuse": Permission.VIEW}

    def refuse(self, request: Request, rest: str = "") -> Response:
        """There is nothing here."""
        raise RegistryRefusal(Code.SUBJECT_NOT_FOUND, "There is no such address in this registry.")
