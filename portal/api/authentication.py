"""Signing in to the API: bearer tokens and browser sessions."""

from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from portal.people.models import ApiToken, User
from portal.people.tokens import find_token


class BearerAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <token>`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        header = authentication.get_authorization_header(request).split()
        if not header or header[0].lower() != b"bearer":
            return None
        if len(header) != 2:
            raise exceptions.AuthenticationFailed(_("Write the header as: Authorization: Bearer <token>."))
        token = find_token(header[1].decode("latin-1"), now=timezone.now())
        if token is None:
            raise exceptions.AuthenticationFailed(_("The token is unknown, expired or revoked."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class BasicTokenAuthentication(authentication.BasicAuthentication):
    """`Authorization: Basic` with the name of an account and one of its tokens, for clients that know nothing else.

    The password of a person is never taken.
    """

    def authenticate_credentials(  # type: ignore[override] # the second is what `request.auth` holds
        self, userid: str, password: str, request: HttpRequest | None = None
    ) -> tuple[User, ApiToken]:
        token = find_token(password, now=timezone.now())
        if token is None or not constant_time_compare(token.user.username, userid):
            raise exceptions.AuthenticationFailed(_("Give the account's name, and one of its tokens as the password."))
        return token.user, token


class SessionAuthentication(authentication.SessionAuthentication):
    """The session of a signed-in browser, with CSRF protection."""
