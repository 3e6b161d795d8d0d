"""`GET /api/v1/schema/`: the OpenAPI 3.1 description, for signed-in people and tokens."""

from django.contrib.auth.decorators import login_not_required
from django.utils.decorators import method_decorator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView

from portal.api.permissions import TablePermission


@method_decorator(login_not_required, name="dispatch")
class SchemaView(SpectacularAPIView):
    """JSON unless YAML is asked for."""

    permission_classes = [TablePermission]
    renderer_classes = [OpenApiJsonRenderer, OpenApiYamlRenderer]
