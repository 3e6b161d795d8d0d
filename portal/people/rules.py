"""Judgement about people and tokens, without a database."""

import re

from portal.roles import TABLE, ActorType

# What new user names are made of: as in e-mail addresses, so that nobody can look like somebody else.
USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")
# Names that stand for something else in addresses.
RESERVED = frozenset({"new"})
MOST_TOKEN_DAYS = 90


def username_fits(username: str) -> bool:
    """Whether a new account may be called so."""
    return bool(USERNAME.fullmatch(username)) and username.lower() not in RESERVED


def no_wider(token: ActorType, account: ActorType) -> bool:
    """Whether every verb that the table grants this type of token is granted to the account's type too."""
    return all(account in grant.actor_types for grant in TABLE.values() if token in grant.actor_types)


def token_types(account: ActorType) -> list[ActorType]:
    """What tokens of an account may act as.

    A human may narrow a token to an agent's. A machine's account has tokens of its own type and of no other: with any
    other the token would be called something that it is not, as the account's type is what counts in the end.
    """
    if account is not ActorType.HUMAN:
        return [account]
    return [one for one in ActorType if no_wider(one, account)]
