"""What production refuses to start with. The settings ask at their end."""

from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured

INSECURE_SECRET_KEY = "insecure-key-for-tests-and-checks-only"  # noqa: S105 - refused below
LEAST_SECRET_KEY = 50


def refuse_insecure(
    *, debug: bool, secret_key: str, allowed_hosts: Sequence[str], secure_cookies: bool, public_url: str
) -> None:
    """Raise one error that names every insecure value and says what to do."""
    unset = secret_key == INSECURE_SECRET_KEY
    insecure = [
        sentence
        for wrong, sentence in (
            (debug, "DEBUG is on; unset it."),
            (unset, "SECRET_KEY is not set; give it 50 or more random characters."),
            (not unset and len(secret_key) < LEAST_SECRET_KEY, "SECRET_KEY is shorter than 50 characters."),
            (not allowed_hosts or "*" in allowed_hosts, "ALLOWED_HOSTS must name the portal's own host names."),
            (not secure_cookies, "SECURE_COOKIES is off; cookies would travel in plain text."),
            (not public_url.startswith("https://"), "PUBLIC_URL must be the portal's https address."),
        )
        if wrong
    ]
    if insecure:
        raise ImproperlyConfigured(
            "PORTAL_MODE is production and this portal does not start insecurely: " + " ".join(insecure)
        )
