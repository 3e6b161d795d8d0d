"""The portal with two empty views beside its own, for measuring what is added to them."""

import os
import sys
import types
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

application = get_wsgi_application()

from django.urls import include, path  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402

from portal.api.views import PortalViewSet  # noqa: E402
from portal.people.tokens import find_token  # noqa: E402
from portal.roles import Permission  # noqa: E402


class EmptyViewSet(PortalViewSet):
    """Signs in, asks for a permission, answers nothing."""

    write_permissions = {"create": Permission.DECIDE}

    def create(self, request: Request) -> Response:
        """Nothing."""
        return Response({})


@csrf_exempt
@login_not_required
def bare(request: HttpRequest) -> HttpResponse:
    """Signs in and answers nothing, without the frame of the API."""
    token = find_token(request.headers.get("Authorization", "")[7:], now=timezone.now())
    return HttpResponse(b"{}" if token else b"", status=200 if token else 401, content_type="application/json")


_urls: Any = types.ModuleType("bench_urls")
_urls.urlpatterns = [
    path("bench/empty/", EmptyViewSet.as_view({"post": "create"})),
    path("bench/bare/", bare),
    path("", include("portal.urls")),
]
sys.modules["bench_urls"] = _urls
settings.ROOT_URLCONF = "bench_urls"
