"""`Idempotency-Key` on POST: a repeat gets the first answer, another body under the same key is refused."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse

from portal.operations.models import IdempotencyRecord
from portal.refusals import Conflict, Invalid, Problem

# A request that left no answer for this long died with its process; a repeat may take over.
ABANDONED_AFTER = timedelta(seconds=60)
KEPT_HEADERS = ("Content-Type", "ETag", "Location")


def fingerprint(request: HttpRequest) -> str:
    """What makes two requests the same: method, address and body."""
    return hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode() + request.body).hexdigest()


def begin(*, user_id: int, key: str, print_: str, now: datetime) -> HttpResponse | IdempotencyRecord:
    """Claim the key: the stored answer of a finished repeat, or the claimed record. Raises Conflict or Invalid."""
    if not key.isprintable() or len(key) > 200:
        problem = Problem("Idempotency-Key", "At most 200 printable characters.")
        raise Invalid("idempotency_key", "The Idempotency-Key is malformed.", [problem])
    try:
        with transaction.atomic():
            return IdempotencyRecord.objects.create(user_id=user_id, key=key, fingerprint=print_, created_at=now)
    except IntegrityError:
        pass
    with transaction.atomic():
        found = IdempotencyRecord.objects.select_for_update().get(user_id=user_id, key=key)
        if found.fingerprint != print_:
            raise Conflict("idempotency_key_reused", "This Idempotency-Key was used for another request.")
        if found.status is not None:
            return _stored(found)
        if now - found.created_at < ABANDONED_AFTER:
            raise Conflict("idempotency_in_progress", "The first request with this Idempotency-Key is still running.")
        found.created_at = now
        found.save()
        return found


def _stored(found: IdempotencyRecord) -> HttpResponse:
    response = HttpResponse(bytes(found.body or b""), status=found.status)
    for name, value in dict[str, Any](found.headers).items():
        response[name] = value
    response["Idempotent-Replayed"] = "true"
    return response


def finish(found: IdempotencyRecord, response: HttpResponse) -> None:
    """Keep a final answer; one that may differ next time (5xx, 429, 409) frees the key."""
    if response.status_code >= 500 or response.status_code in (401, 403, 409, 429):
        found.delete()
        return
    found.status = response.status_code
    found.body = response.content
    found.headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    found.save()
