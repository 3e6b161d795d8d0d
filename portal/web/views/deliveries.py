"""The delivery log, and the receivers of webhooks."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.outbox import endpoints, services
from portal.outbox.endpoints import Receiver
from portal.outbox.filters import DeliveryFilter, state_of
from portal.outbox.models import Delivery, WebhookEndpoint
from portal.refusals import Refusal
from portal.roles import Permission, may
from portal.web.settings_tabs import tabs
from portal.web.views.base import PageView
from portal.web.views.listing import Listing, csv_response

_CSV = ["id", "topic", "channel", "receiver", "state", "attempts", "created_at", "delivered_at", "due_at", "last_error"]


class Deliveries(PageView):
    """What was sent outside, to whom, and what became of it."""

    permission = Permission.READ_DELIVERIES
    is_list = True

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """The page, or CSV with `?format=csv`."""
        listing = Listing(request, DeliveryFilter, Delivery.objects.select_related("event").order_by("-id"))
        if request.GET.get("format") == "csv":
            rows = (
                [one.pk, one.event.topic, one.channel, one.receiver, state_of(one), one.attempts, one.created_at,
                 one.delivered_at, one.due_at, one.last_error]
                for one in listing.queryset.iterator(500)
            )  # fmt: skip
            return csv_response("deliveries", list(_CSV), rows)
        listing.form.fields.pop("overdue", None)
        context = listing.context()
        heads = ((_("Notice"), ""), (_("Receiver"), ""), (_("State"), ""), (_("Attempts"), ""),
                 (_("Written"), "id"), (_("Next attempt"), ""))  # fmt: skip
        context |= {
            "rows": [(one, state_of(one)) for one in context["rows"]],
            "columns": [{"label": label, "sort": sort, "numeric": sort == "attempts"} for label, sort in heads],
            "may_send": may(self.actor, Permission.SEND_AGAIN),
            "may_manage": may(self.actor, Permission.MANAGE_ENDPOINTS),
        }
        return render(request, "notices/deliveries.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Send one again that was given up."""
        number = request.POST.get("again", "")
        number = number if number.isascii() and number.isdigit() and len(number) < 18 else "0"
        try:
            services.send_again(actor=self.actor, delivery_id=int(number), now=self.now)
        except Refusal as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, _("It is tried again now."))
        return redirect(request.get_full_path())


class EndpointForm(forms.Form):
    """A receiver of webhooks."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("Lower-case letters, digits, hyphens; fixed once saved. The delivery log calls it so."),
    )
    url = forms.CharField(
        label=gettext_lazy("Address"), help_text=gettext_lazy("Where signed POST requests go (Standard Webhooks).")
    )
    secret_ref = forms.CharField(
        label=gettext_lazy("Secret, by reference"),
        help_text=gettext_lazy(
            "env:CREDENTIAL_NAME or file:NAME; it names the signing secret and never is the secret."
        ),
    )
    topics = forms.CharField(
        label=gettext_lazy("Topics"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("One a line, such as change.applied or incident.opened. Empty means all of them."),
    )
    active = forms.BooleanField(label=gettext_lazy("Switched on"), required=False, initial=True)

    def __init__(self, *args: Any, named: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if named:
            del self.fields["name"]

    def receiver(self) -> Receiver:
        """What was filled in."""
        given = self.cleaned_data
        return Receiver(given["url"], given["secret_ref"], tuple(given["topics"].split()), given["active"])


class Endpoints(PageView):
    """Every receiver of webhooks."""

    permission = Permission.MANAGE_ENDPOINTS

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list: an organisation has a handful."""
        context = {
            "rows": list(WebhookEndpoint.objects.order_by("name")),
            "columns": [{"label": label} for label in (_("Receiver"), _("Address"), _("Topics"), _("State"))],
            "tabs": tabs(self.actor, "endpoints"),
        }
        return render(request, "notices/endpoints.html", context)


class Endpoint(PageView):
    """One receiver: make it, change it, switch it off, send it a test."""

    permission = Permission.MANAGE_ENDPOINTS

    def _page(self, form: EndpointForm, endpoint: WebhookEndpoint | None, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "endpoint": endpoint,
            "crumbs": [{"label": _("Receivers of webhooks"), "href": reverse("endpoints")},
                       {"label": endpoint.name if endpoint else _("New receiver")}],
        }  # fmt: skip
        return render(self.request, "notices/endpoint.html", context, status=status)

    def get(self, request: HttpRequest, name: str = "") -> HttpResponse:
        """The form."""
        endpoint = get_object_or_404(WebhookEndpoint, name=name) if name else None
        initial = {}
        if endpoint:
            initial = {"url": endpoint.url, "secret_ref": endpoint.secret_ref, "active": endpoint.active,
                       "topics": "\n".join(endpoint.topics)}  # fmt: skip
        return self._page(EndpointForm(initial=initial, named=name), endpoint)

    def post(self, request: HttpRequest, name: str = "") -> HttpResponse:
        """Save it, or send a test."""
        endpoint = get_object_or_404(WebhookEndpoint, name=name) if name else None
        if endpoint and request.POST.get("action") == "test":
            return self._test(endpoint)
        form = EndpointForm(request.POST, named=name)
        if not form.is_valid():
            return self._page(form, endpoint, status=422)
        try:
            if endpoint:
                endpoints.change_endpoint(actor=self.actor, name=name, receiver=form.receiver(), now=self.now)
            else:
                name = form.cleaned_data["name"]
                endpoints.add_endpoint(actor=self.actor, name=name, receiver=form.receiver(), now=self.now)
        except Refusal as refusal:
            for problem in refusal.problems:
                form.add_error(problem.path if problem.path in form.fields else None, problem.message)
            if not refusal.problems:
                form.add_error(None, refusal.message)
            return self._page(form, endpoint, status=refusal.status)
        messages.success(request, _("“%s” is saved.") % name)
        return redirect("endpoint", name=name)

    def _test(self, endpoint: WebhookEndpoint) -> HttpResponse:
        try:
            endpoints.send_test(actor=self.actor, name=endpoint.name, now=self.now)
        except Refusal as refusal:
            messages.error(self.request, refusal.message)
            return redirect("endpoint", name=endpoint.name)
        messages.success(self.request, _("A test is on its way; here is what becomes of it."))
        return redirect(f"{reverse('deliveries')}?receiver={endpoint.name}")
