"""Whom the accounts belong to that records name: they keep the account, a page tells the person."""

from collections.abc import Iterable

from portal.people.models import User


def names_of(accounts: Iterable[str]) -> dict[str, str]:
    """The names of people by account, in one query; an account that is no person's stands for itself."""
    wanted = {account for account in accounts if account}
    known = {user.username: str(user) for user in User.objects.filter(username__in=wanted)} if wanted else {}
    return {account: known.get(account, account) for account in wanted} | {"": ""}
