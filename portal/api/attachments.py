"""Files of evidence packs by API: uploaded once, named by their digest, given back for saving and never for showing."""

from collections.abc import Mapping
from typing import IO, Any, TypedDict

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseNotModified
from rest_framework import parsers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.views import PortalViewSet
from portal.changes import attachments
from portal.changes.evidence import MAX_ATTACHMENT_BYTES, clean_file_name
from portal.changes.models import Attachment
from portal.refusals import Invalid, Problem
from portal.roles import Permission

# What a multipart form adds around its one file.
ENVELOPE = 16 * 1024
# A browser that is made to show it all the same runs nothing and loads nothing.
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, max-age=31536000, immutable",
}


class RawParser(parsers.BaseParser):
    """Whatever is not a form is the file itself."""

    media_type = "*/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        content: bytes = stream.read(MAX_ATTACHMENT_BYTES + 1)
        return content


class AttachmentAnswer(TypedDict):
    """A kept file. `name` is what was told of it, made plain: what an evidence pack may name it."""

    digest: str
    media_type: str
    size: int
    name: str
    url: str


_BINARY = {"type": "string", "format": "binary"}
_UPLOAD = {
    "multipart/form-data": {"type": "object", "required": ["file"], "properties": {"file": _BINARY}},
    **dict.fromkeys(Attachment.MediaType.values, _BINARY),
}
_DOWNLOAD = {"content": {kind: {"schema": _BINARY} for kind in Attachment.MediaType.values}}


class AttachmentViewSet(PortalViewSet):
    """Upload and download."""

    parser_classes = [parsers.MultiPartParser, RawParser]
    bodies: dict[str, Any] = {"create": _UPLOAD}
    answers = {
        "create": {201: AttachmentAnswer, 200: AttachmentAnswer},
        "retrieve": {200: _DOWNLOAD, 304: None},
    }
    tagged = ("retrieve",)
    write_permissions = {"create": Permission.ATTACH}
    lookup_field = "digest"
    lookup_value_regex = r"[0-9a-f]{64}"

    def get_queryset(self) -> Any:
        return Attachment.objects.all()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what is too large by its announced length, before any of it is read."""
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0
        self._known_first(request)
        if request.method == "POST" and length > MAX_ATTACHMENT_BYTES + ENVELOPE:
            raise attachments.too_large()
        super().initial(request, *args, **kwargs)

    def _known_first(self, request: Request) -> None:
        """Nobody learns of limits before being known."""
        self.perform_authentication(request)
        self.check_permissions(request)

    def _sent(self, request: Request) -> tuple[bytes, str, str]:
        """The content, its told type and its told name."""
        data: Any = request.data
        if isinstance(data, bytes):
            return data, request.content_type or "", ""
        if "multipart/form-data" not in (request.content_type or ""):
            # A body of no bytes at all is not parsed.
            return b"", request.content_type or "", ""
        files = list(data.lists()) if hasattr(data, "lists") else []
        found = data.get("file") if hasattr(data, "get") else None
        if len(files) != 1 or len(files[0][1]) != 1 or not isinstance(found, UploadedFile):
            message = "Send one file, in the field “file”."
            raise Invalid("file", message, [Problem("file", message, "required")])
        if (found.size or 0) > MAX_ATTACHMENT_BYTES:
            raise attachments.too_large()
        return found.read(), found.content_type or "", found.name or ""

    def create(self, request: Request) -> Response:
        """Keep a file: a form with one `file`, or the file itself under its `Content-Type`. 200 where it is kept already.

        At most 2 MB; PDF, PNG, JPEG, plain text, CSV or JSON, checked by its content.
        """
        content, media_type, name = self._sent(request)
        stored = attachments.store(actor=self.actor, content=content, media_type=media_type, now=self.now())
        kept = stored.attachment
        url = f"/api/v1/attachments/{kept.digest}/"
        answer: AttachmentAnswer = {
            "digest": kept.digest,
            "media_type": kept.media_type,
            "size": kept.size,
            "name": clean_file_name(name) or attachments.download_name(kept),
            "url": url,
        }
        return Response(answer, status=201 if stored.created else 200, headers={"Location": url})

    def retrieve(self, request: Request, digest: str) -> HttpResponse:
        """The file, for saving."""
        tag = f'"{digest}"'
        found = attachments.read(actor=self.actor, digest=digest)
        if tag in [part.strip() for part in request.headers.get("If-None-Match", "").split(",")]:
            return HttpResponseNotModified(headers={"ETag": tag, **_SAFE})
        text = found.media_type.startswith("text/")
        return HttpResponse(
            bytes(found.content),
            content_type=f"{found.media_type}; charset=utf-8" if text else found.media_type,
            headers={
                "Content-Disposition": f'attachment; filename="{attachments.download_name(found)}"',
                "ETag": tag,
                **_SAFE,
            },
        )
