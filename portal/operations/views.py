"""Health: `/-/healthz` (this process lives) and `/-/readyz` (the portal can do its work)."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.operations.readiness import Check


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the process serves."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when every check is well, 503 otherwise; the checks are in the body either way."""
    checks: list[Check] = []
    for path in settings.READINESS_CHECKS:
        check: Callable[[], Check] = import_string(path)
        checks.append(check())
    ready = all(check.ok for check in checks)
    # Details may name hosts: only a signed-in person sees them.
    known = getattr(request, "user", None) is not None and checks[0].ok and request.user.is_authenticated
    body = {
        "status": "ready" if ready else "not ready",
        "checks": {check.name: {"ok": check.ok} | ({"detail": check.detail} if known else {}) for check in checks},
    }
    return JsonResponse(body, status=200 if ready else 503)
