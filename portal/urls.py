"""Every address of the portal."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from portal.operations import views as health

urlpatterns: list[URLPattern | URLResolver] = [
    path("-/healthz", health.healthz, name="healthz"),
    path("-/readyz", health.readyz, name="readyz"),
    path("api/v1/", include("portal.api.urls")),
    *(path("", include(conf)) for conf in settings.SERVICE_URLCONFS),
    # Those of the apps first: an address of theirs below a list is no entry of it.
    *(path("", include(conf)) for conf in settings.PAGE_URLCONFS),
    path("", include("portal.web.urls")),
]

handler400 = "portal.web.errors.bad_request"
handler403 = "portal.web.errors.forbidden"
handler404 = "portal.web.errors.not_found"
handler500 = "portal.web.errors.server_error"
