"""`/api/v1/allowlist/`: what an agent may call, the same signed, the public keys, and the answer to one call."""

from typing import TypedDict

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.allowlist import bundle, reading
from connectors.allowlist.deciding import Call, CallAnswer, decide
from connectors.allowlist.keys import PublicKeyAnswer, shown_keys, signing_key
from connectors.allowlist.reading import Allowlist
from connectors.environments import CHOICES, ENVIRONMENTS
from portal.api.renderers import JSONRenderer
from portal.api.views import PortalViewSet
from portal.registry.documents import StrictSerializer
from portal.roles import Permission

LONGEST_AGENT = 60
_AGENT = OpenApiParameter("agent", str, required=True, description="The key of the agent.")
_SIGNED = {"content": {bundle.MEDIA_TYPE: {"schema": {"type": "string", "description": "JWS, compact form."}}}}


class PublicKeysAnswer(TypedDict):
    """The public keys of signed lists, as a JWK set: the one that signs first."""

    keys: list[PublicKeyAnswer]


class JoseRenderer(JSONRenderer):
    """Says that a signed list can be had; refusals are JSON all the same."""

    media_type = bundle.MEDIA_TYPE
    format = "jose"


class CallBody(StrictSerializer):
    """The call that an agent is about to make."""

    agent = serializers.CharField(max_length=LONGEST_AGENT, trim_whitespace=False, help_text=_("The key of the agent."))
    connector = serializers.CharField(max_length=60, trim_whitespace=False, help_text=_("Key of a runtime tool."))
    operation = serializers.CharField(max_length=100, trim_whitespace=False, help_text=_("Its name in the contract."))
    environment = serializers.ChoiceField(CHOICES, help_text=_("Where the agent runs."))


class AllowlistViewSet(PortalViewSet):
    """What an agent may call now. Nobody who is not named may call anything."""

    read_permission = Permission.READ_ALLOWLIST
    write_permissions = {"decide": Permission.DECIDE}
    bodies = {"decide": CallBody}
    answers = {
        "list": {200: Allowlist, 304: None},
        "bundle": {200: _SIGNED, 304: None},
        "keys": {200: PublicKeysAnswer},
        "decide": {200: CallAnswer},
    }
    tagged = ("list", "bundle")
    # An answer is of its moment; a kept one would not be.
    unkept = ("decide",)
    operation_ids = {
        "list": "allowlist_retrieve",
        "bundle": "allowlist_bundle_retrieve",
        "keys": "allowlist_keys_retrieve",
        "decide": "allowlist_decide",
    }
    pagination_class = None  # type: ignore[assignment] # one answer, whole

    def get_renderers(self) -> list[BaseRenderer]:
        """JSON before the signed form, but where only the signed form is to be had."""
        if self.action == "bundle":
            return [JoseRenderer(), JSONRenderer()]
        return [JSONRenderer(), JoseRenderer()] if self.action == "list" else super().get_renderers()

    @extend_schema(parameters=[_AGENT, OpenApiParameter("environment", str, enum=ENVIRONMENTS)])
    def list(self, request: Request) -> HttpResponse:
        """What the agent may call in the environment, or in any. Send the ETag back as If-None-Match to get 304.

        With `Accept: application/jose` the same as under `bundle/`: signed, for one environment.
        """
        agent = self._agent()
        if isinstance(request.accepted_renderer, JoseRenderer):
            return self._signed(agent)
        environment = self._environment(needed=False)
        asked_with = self._tags()
        if asked_with:
            tag = reading.etag(reading.standing(agent), environment)
            if tag in asked_with:
                return HttpResponseNotModified(headers=_headers(tag))
        standing, answer = reading.allowed(agent, environment)
        return Response(answer, headers=_headers(reading.etag(standing, environment)))

    @extend_schema(parameters=[_AGENT, OpenApiParameter("environment", str, required=True, enum=ENVIRONMENTS)])
    def bundle(self, request: Request) -> HttpResponse:
        """The list as a runtime keeps it: signed (JWS, Ed25519), for one agent and environment, with a short life.

        Ask again with If-None-Match: 304 as long as nothing changed and at least half of its life is left.
        """
        return self._signed(self._agent())

    def keys(self, request: Request) -> Response:
        """The public keys to hold signed lists against: the one that signs, and those before and after it."""
        return Response({"keys": shown_keys()})

    def decide(self, request: Request) -> Response:
        """Whether the agent may make this call now, with every reason against it. Answers are counted.

        200 for both answers. A change is seen by the first question after its commit.
        """
        return Response(decide(Call(**self.body(CallBody)), actor=self.actor))

    def _signed(self, agent: str) -> HttpResponse:
        environment = self._environment(needed=True)
        key = signing_key()
        asked_with = self._tags()
        if asked_with:
            tag = bundle.etag(reading.standing(agent), agent, environment, key)
            if tag in asked_with:
                return HttpResponseNotModified(headers=_headers(tag))
        standing, answer = reading.allowed(agent, environment)
        headers = _headers(bundle.etag(standing, agent, environment, key))
        return HttpResponse(bundle.signed(answer, standing.at, key), content_type=bundle.MEDIA_TYPE, headers=headers)

    def _agent(self) -> str:
        agent = self.request.query_params.get("agent", "").strip()
        if not agent or len(agent) > LONGEST_AGENT:
            raise ValidationError({"agent": [_("Name the agent: ?agent=support-agent.")]})
        return agent

    def _environment(self, *, needed: bool) -> str:
        environment = self.request.query_params.get("environment", "")
        if environment not in ENVIRONMENTS and (needed or environment):
            raise ValidationError({"environment": [_("Name one of %s.") % ", ".join(ENVIRONMENTS)]})
        return environment

    def _tags(self) -> set[str]:
        sent = self.request.headers.get("If-None-Match", "")
        return {part.strip().removeprefix("W/") for part in sent.split(",") if part.strip()}


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
