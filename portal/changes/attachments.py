"""Files of evidence packs: checked by their content, stored once by their digest, never changed."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import orjson
from django.db import transaction
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.changes.evidence import MAX_ATTACHMENT_BYTES
from portal.changes.models import Attachment
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Invalid, Missing, Problem, Refusal
from portal.roles import Permission

MediaType = Attachment.MediaType
_MAGIC: dict[str, tuple[bytes, ...]] = {
    MediaType.PDF: (b"%PDF-",),
    MediaType.PNG: (b"\x89PNG\r\n\x1a\n",),
    MediaType.JPEG: (b"\xff\xd8\xff",),
}
_SUFFIXES = {
    MediaType.PDF: "pdf",
    MediaType.PNG: "png",
    MediaType.JPEG: "jpg",
    MediaType.TEXT: "txt",
    MediaType.CSV: "csv",
    MediaType.JSON: "json",
}


class TooLarge(Refusal):
    """More bytes than are kept."""

    status = 413


@dataclass(frozen=True)
class Stored:
    """A kept file, and whether it is new."""

    attachment: Attachment
    created: bool


def download_name(attachment: Attachment) -> str:
    """The name under which a browser saves it: made of the digest, never of what the uploader told."""
    return f"{attachment.digest[:16]}.{_SUFFIXES[MediaType(attachment.media_type)]}"


def too_large() -> TooLarge:
    """The refusal of a file beyond the limit."""
    message = _("A file has at most %d MB.") % (MAX_ATTACHMENT_BYTES // (1024 * 1024))
    return TooLarge("too_large", message, [Problem("file", message, "too_large")])


def _wrong(rule: str, message: str) -> Invalid:
    return Invalid(rule, message, [Problem("file", message, rule)])


def check(content: bytes, media_type: str) -> MediaType:
    """The type, if the content is of it and may be kept. Raises TooLarge or Invalid."""
    if len(content) > MAX_ATTACHMENT_BYTES:
        raise too_large()
    if not content:
        raise _wrong("empty", _("The file is empty."))
    told = media_type.partition(";")[0].strip().lower()
    if told not in MediaType.values:
        known = ", ".join(MediaType.values)
        raise _wrong("media_type", _("Files of type “%(told)s” are not kept. Kept: %(known)s.")
                     % {"told": told[:80], "known": known})  # fmt: skip
    kind = MediaType(told)
    if not _is(kind, content):
        raise _wrong("content", _("The content is not %s.") % kind.label)
    return kind


def _is(kind: MediaType, content: bytes) -> bool:
    if kind in _MAGIC:
        return content.startswith(_MAGIC[kind])
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    if "\x00" in text:
        return False
    if kind is MediaType.JSON:
        try:
            orjson.loads(content)
        except orjson.JSONDecodeError:
            return False
    return True


@transaction.atomic
def store(*, actor: Actor, content: bytes, media_type: str, now: datetime) -> Stored:
    """Keep a file under the sha256 of its content. The same content again is the same file, of the type it has had."""
    user = require(actor, Permission.ATTACH)
    kind = check(content, media_type)
    digest = hashlib.sha256(content).hexdigest()
    attachment, created = Attachment.objects.defer("content").get_or_create(
        digest=digest,
        defaults={"media_type": kind, "size": len(content), "content": content, "uploaded_by": user, "at": now},
    )
    if created:
        record(actor=actor, action="attachment.store", kind="attachment", key=digest, now=now, after=digest,
               detail=f"{kind.value}, {len(content)} bytes")  # fmt: skip
    return Stored(attachment, created)


def read(*, actor: Actor, digest: str) -> Attachment:
    """One file with its content. Raises Missing."""
    require(actor, Permission.VIEW)
    found = Attachment.objects.filter(digest=digest).first()
    if found is None:
        raise Missing("no_such_attachment", _("There is no file with this digest."))
    return found
