"""`/hooks/`: where operations tell of themselves, without an account: by a signature, or by a secret address."""

from collections.abc import Callable, Sequence
from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from connectors.mcp.protocol import COMPLETED, FAILED, WORKING
from connectors.tracking.reporting import by_heartbeat, by_webhook
from portal.api.problems import CONTENT_TYPE, problem
from portal.operations.services import database_now
from portal.refusals import Problem, Refusal

MAX_BODY = 64 * 1024
# The last part of a heartbeat address.
STATUSES = {"": WORKING, "done": COMPLETED, "failed": FAILED}


def _told(call: Callable[[], str]) -> HttpResponse:
    try:
        return JsonResponse({"result": call()})
    except Refusal as refusal:
        return _refused(refusal.status, refusal.rule, refusal.message, refusal.problems)


def _refused(status: int, rule: str, detail: str, problems: Sequence[Problem] = ()) -> HttpResponse:
    return JsonResponse(problem(status, rule, detail, list(problems)), status=status, content_type=CONTENT_TYPE)


@method_decorator([login_not_required, csrf_exempt], name="dispatch")
class Beat(View):
    """`/hooks/beat/<secret>/`: it works; with `done/` or `failed/` behind: it has ended."""

    def get(self, request: HttpRequest, secret: str, how: str = "") -> HttpResponse:
        """As curl calls it."""
        return _told(lambda: by_heartbeat(secret=secret, status=STATUSES[how], now=database_now()))

    post = get


@method_decorator([login_not_required, csrf_exempt], name="dispatch")
class TaskWebhook(View):
    """`/hooks/tasks/<connector>/`: a message signed as Standard Webhooks say."""

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """200 once it is taken, also for a repeated one; 404 where it cannot be verified; 413, 422."""
        length = request.headers.get("Content-Length", "0")
        if not length.isascii() or not length.isdigit() or int(length[:12]) > MAX_BODY:
            detail = _("A message has at most %d kB.") % (MAX_BODY // 1024)
            return _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = request.read(MAX_BODY)
        return _told(lambda: by_webhook(connector_key=key, headers=headers, body=body, now=database_now()))
