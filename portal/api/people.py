"""People, teams and tokens by API. The services ask who may; what is refused here is refused there too."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.people_answers import (
    NewTokenAnswer,
    PersonAnswer,
    TeamAnswer,
    TokenAnswer,
    person_answer,
    team_answer,
    token_answer,
)
from portal.api.views import PortalViewSet
from portal.people import hours, reads, services, teams, tokens
from portal.people.filters import PersonFilter, TeamFilter, TokenFilter
from portal.people.hours import MOST_HOLIDAYS
from portal.people.models import ApiToken, Team, User
from portal.people.rules import MOST_TOKEN_DAYS
from portal.people.services import Person
from portal.refusals import Missing
from portal.registry.documents import StrictSerializer
from portal.roles import ActorType, Permission, Role

USERNAME = r"[\w.@+-]{1,150}"
_NAME = serializers.CharField


class PersonBody(StrictSerializer):
    """What may change of an account; what is left out stays."""

    first_name = _NAME(required=False, allow_blank=True, max_length=150)
    last_name = _NAME(required=False, allow_blank=True, max_length=150)
    email = _NAME(required=False, allow_blank=True, max_length=254)
    roles = serializers.MultipleChoiceField(choices=Role.choices, required=False)
    accountable = _NAME(required=False, max_length=150, help_text="Who answers for a machine's account.")


class NewPersonBody(PersonBody):
    """A new account. It has no password: give one with `password/`, or a machine's a token."""

    username = _NAME(max_length=150)
    actor_type = serializers.ChoiceField(ActorType.choices, default=ActorType.HUMAN)


class SuccessorBody(StrictSerializer):
    """Who answers from now on for the accounts that this one answered for."""

    successor = _NAME(required=False, allow_blank=True, max_length=150, default="")


class PasswordBody(StrictSerializer):
    """The new password."""

    password = _NAME(max_length=200, trim_whitespace=False)


class PersonViewSet(PortalViewSet):
    """Accounts of humans and machines; for administrators."""

    read_permission = Permission.MANAGE_PEOPLE
    filterset_class = PersonFilter
    lookup_value_regex = USERNAME
    bodies: dict[str, Any] = {
        "create": NewPersonBody,
        "partial_update": PersonBody,
        "deactivate": SuccessorBody,
        "reactivate": StrictSerializer,
        "password": PasswordBody,
    }
    answers = {name: {200: PersonAnswer} for name in ("list", "retrieve", *bodies)} | {"create": {201: PersonAnswer}}
    write_permissions = dict.fromkeys(bodies, Permission.MANAGE_PEOPLE)
    unkept = ("password",)

    def get_queryset(self) -> QuerySet[User]:
        """All of them."""
        return reads.people()

    def _answer(self, username: str, status: int = 200) -> Response:
        found = self.get_queryset().filter(username=username).first()
        if found is None:
            raise Missing("no_such_person", f"There is no account “{username}”.")
        headers = {"Location": f"/api/v1/people/{username}/"} if status == 201 else None
        return Response(person_answer(found), status=status, headers=headers)

    def list(self, request: Request) -> Response:
        """Accounts, newest first."""
        page = self.page_of(self.filtered(self.get_queryset()))
        return self.get_paginated_response([person_answer(user) for user in page])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One account by its user name."""
        return self._answer(pk)

    def create(self, request: Request) -> Response:
        """Make an account."""
        body = self.body(NewPersonBody)
        username, actor_type = body.pop("username"), body.pop("actor_type")
        made = services.create_person(
            actor=self.actor, username=username, actor_type=actor_type, person=_person(body), now=self.now()
        )
        return self._answer(made.username, 201)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change names, e-mail, roles or who answers."""
        person = _person(self.body(PersonBody))
        services.change_person(actor=self.actor, username=pk, person=person, now=self.now())
        return self._answer(pk)

    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, pk: str) -> Response:
        """End its sessions and tokens by making it inactive."""
        successor = self.body(SuccessorBody)["successor"]
        services.deactivate(actor=self.actor, username=pk, successor=successor, now=self.now())
        return self._answer(pk)

    @action(detail=True, methods=["post"])
    def reactivate(self, request: Request, pk: str) -> Response:
        """Let it act again."""
        self.body(StrictSerializer)
        services.reactivate(actor=self.actor, username=pk, now=self.now())
        return self._answer(pk)

    @action(detail=True, methods=["post"])
    def password(self, request: Request, pk: str) -> Response:
        """Give somebody else a new password; every session of that person ends."""
        password = self.body(PasswordBody)["password"]
        services.set_password(actor=self.actor, username=pk, password=password, now=self.now())
        return self._answer(pk)


def _person(body: dict[str, Any]) -> Person:
    if "roles" in body:
        body["roles"] = sorted(body["roles"])
    return Person(**body)


class TeamBody(StrictSerializer):
    """The name of a team."""

    name = _NAME(max_length=120)


class NewTeamBody(TeamBody):
    """A new team; its key stays for ever."""

    key = _NAME(max_length=60)
    members = serializers.ListField(child=_NAME(max_length=150), default=list, max_length=500)


class HoursBody(StrictSerializer):
    """Working hours; without days, none."""

    days = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=7),
        max_length=7,
        help_text="1 is Monday, 7 Sunday; [] = none.",
    )
    begins = serializers.CharField(max_length=5, default="08:00")
    ends = serializers.CharField(max_length=5, default="17:00")
    zone = serializers.CharField(max_length=60, required=False, help_text="The portal's own unless told.")
    holidays = serializers.ListField(child=serializers.CharField(max_length=10), default=list, max_length=MOST_HOLIDAYS)


class MembersBody(StrictSerializer):
    """User names."""

    members = serializers.ListField(child=_NAME(max_length=150), min_length=1, max_length=500)


class TeamViewSet(PortalViewSet):
    """Teams: everybody sees who owns what, administrators change them."""

    filterset_class = TeamFilter
    lookup_value_regex = "[a-z0-9-]{1,60}"
    bodies: dict[str, Any] = {
        "create": NewTeamBody,
        "partial_update": TeamBody,
        "hours": HoursBody,
        "add": MembersBody,
        "remove": MembersBody,
    }
    answers = {name: {200: TeamAnswer} for name in ("list", "retrieve", *bodies)} | {"create": {201: TeamAnswer}}
    write_permissions = dict.fromkeys(bodies, Permission.MANAGE_PEOPLE)

    def get_queryset(self) -> QuerySet[Team]:
        """All of them."""
        return reads.teams()

    def _answer(self, key: str, status: int = 200) -> Response:
        found = self.get_queryset().filter(key=key).first()
        if found is None:
            raise Missing("no_such_team", f"There is no team “{key}”.")
        headers = {"Location": f"/api/v1/teams/{key}/"} if status == 201 else None
        return Response(team_answer(found), status=status, headers=headers)

    def list(self, request: Request) -> Response:
        """Teams, newest first."""
        page = self.page_of(self.filtered(self.get_queryset()))
        return self.get_paginated_response([team_answer(team) for team in page])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One team by its key."""
        return self._answer(pk)

    def create(self, request: Request) -> Response:
        """Make a team."""
        made = teams.create_team(actor=self.actor, now=self.now(), **self.body(NewTeamBody))
        return self._answer(made.key, 201)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Rename a team."""
        teams.rename_team(actor=self.actor, key=pk, name=self.body(TeamBody)["name"], now=self.now())
        return self._answer(pk)

    @action(detail=True, methods=["post"])
    def hours(self, request: Request, pk: str) -> Response:
        """Tell its working hours; what waits for its people may count in them."""
        told = {"zone": settings.TIME_ZONE} | self.body(HoursBody)
        teams.set_hours(actor=self.actor, key=pk, hours=hours.read(**told), now=self.now())
        return self._answer(pk)

    @action(detail=True, methods=["post"])
    def add(self, request: Request, pk: str) -> Response:
        """Let people belong to it."""
        members = self.body(MembersBody)["members"]
        teams.add_members(actor=self.actor, key=pk, usernames=members, now=self.now())
        return self._answer(pk)

    @action(detail=True, methods=["post"])
    def remove(self, request: Request, pk: str) -> Response:
        """Let people no longer belong to it."""
        members = self.body(MembersBody)["members"]
        teams.remove_members(actor=self.actor, key=pk, usernames=members, now=self.now())
        return self._answer(pk)


class NewTokenBody(StrictSerializer):
    """A token of the own account, or of a machine's."""

    name = _NAME(max_length=120, help_text="What it is for.")
    account = _NAME(required=False, max_length=150, help_text="The own one unless told.")
    actor_type = serializers.ChoiceField(ActorType.choices, required=False, help_text="As the account unless told.")
    days = serializers.IntegerField(min_value=1, max_value=MOST_TOKEN_DAYS, default=MOST_TOKEN_DAYS)


class TokenViewSet(PortalViewSet):
    """Tokens: one's own, those of the machines one answers for, all of them for administrators."""

    filterset_class = TokenFilter
    lookup_value_regex = r"[A-Za-z0-9_-]{1,25}"
    ordering = "-created"
    last_order = "-digest"
    bodies: dict[str, Any] = {"create": NewTokenBody, "revoke": StrictSerializer}
    answers = {
        "list": {200: TokenAnswer},
        "retrieve": {200: TokenAnswer},
        "create": {201: NewTokenAnswer},
        "revoke": {200: TokenAnswer},
    }
    # Whose token it is decides: the services ask.
    write_permissions = dict.fromkeys(bodies, Permission.VIEW)
    unkept = ("create",)

    def get_queryset(self) -> QuerySet[ApiToken]:
        """Those that this actor may see."""
        return reads.tokens(self.actor)

    def list(self, request: Request) -> Response:
        """Tokens, newest first."""
        now = self.now()
        page = self.page_of(self.filtered(self.get_queryset()))
        return self.get_paginated_response([token_answer(token, now) for token in page])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One token by how it begins."""
        return Response(self._one(pk))

    def _one(self, key: str) -> TokenAnswer:
        found = self.get_queryset().filter(token_key=key).first()
        if found is None:
            raise Missing("no_such_token", f"There is no token “{key}” of yours.")
        return token_answer(found, self.now())

    def create(self, request: Request) -> Response:
        """Make a token. The answer is the only one that ever holds it, and no Idempotency-Key keeps it."""
        body = self.body(NewTokenBody)
        account = body.pop("account", self.actor.name)
        token = tokens.make_token(actor=self.actor, username=account, now=self.now(), **body)
        key = tokens.key_of(token)
        headers = {"Location": f"/api/v1/tokens/{key}/", "Cache-Control": "no-store"}
        return Response({**self._one(key), "token": token}, status=201, headers=headers)

    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """End it for ever."""
        self.body(StrictSerializer)
        tokens.revoke_token(actor=self.actor, key=pk, now=self.now())
        return Response(self._one(pk))
