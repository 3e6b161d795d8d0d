"""`POST /api/v1/connectors/import/` and `GET /api/v1/connectors/<key>/server.json`."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from rest_framework import parsers
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.importing.answers import ImportAnswer, ImportBody, ImportFileBody, import_answer
from connectors.importing.exporting import server_json
from connectors.importing.service import MOST_BYTES, imported, open_draft
from connectors.models import Connector, ConnectorKind
from portal.api.parsers import BodyTooLargeError, JSONParser
from portal.api.views import PortalViewSet
from portal.refusals import Missing
from portal.roles import Permission

_ENVELOPE = 64 * 1024


class ImportViewSet(PortalViewSet):
    """Descriptions of others become drafts."""

    parser_classes = [JSONParser, parsers.MultiPartParser]
    pagination_class = None  # type: ignore[assignment] # one answer
    bodies: dict[str, Any] = {"create": {"application/json": ImportBody, "multipart/form-data": ImportFileBody}}
    answers = {"create": {200: ImportAnswer, 201: ImportAnswer}}
    write_permissions = {"create": Permission.PROPOSE}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what is too large by its announced length, before any of it is read; nobody learns of it before being known."""
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0
        self.perform_authentication(request)
        self.check_permissions(request)
        if length > MOST_BYTES + _ENVELOPE:
            raise BodyTooLargeError(f"The file is larger than {MOST_BYTES // 1024} kB.")
        super().initial(request, *args, **kwargs)

    def create(self, request: Request) -> Response:
        """Read a description: the draft as far as it goes, the facets that are missing, and what to look over.

        Nothing is written, unless `open` asks for a draft change; nothing is ever fetched. A form may send the `file` itself.
        """
        if isinstance(getattr(request.data, "get", lambda _name: None)("file"), UploadedFile):
            body = self.body(ImportFileBody)
            content = body["file"].read(MOST_BYTES + 1)
        else:
            body = self.body(ImportBody)
            content = body["content"].encode("utf-8", "surrogatepass")
        found = imported(content, body["format"], only=body["only"], key=body["key"], owner=body["owner"])
        if not body["open"]:
            return Response(import_answer(found, None))
        change = open_draft(actor=self.actor, found=found, now=self.now())
        headers = {"Location": f"/api/v1/changes/{change.pk}/"}
        return Response(import_answer(found, change), status=201, headers=headers)


class ServerJsonViewSet(PortalViewSet):
    """A runtime tool in the form of the MCP registry."""

    pagination_class = None  # type: ignore[assignment] # one answer
    answers = {"retrieve": {200: {"type": "object", "additionalProperties": True}}}
    operation_ids = {"retrieve": "connectors_server_json_retrieve"}

    def retrieve(self, request: Request, key: str) -> Response:
        """The server.json of a tool that is an MCP server; importing it gives the same facts."""
        found = Connector.objects.filter(key=key[:60], kind=ConnectorKind.RUNTIME_TOOL).first()
        if found is None:
            raise Missing("no_such_entry", f"There is no runtime tool “{key[:60]}”.")
        headers = {"Content-Disposition": f'attachment; filename="{found.key}.server.json"'}
        return Response(server_json(found.document), headers=headers)
