"""Who acts: one value that is passed down to every write."""

from dataclasses import dataclass, field
from datetime import datetime

from portal.people.models import User
from portal.roles import ActorType, Role


@dataclass(frozen=True)
class Actor:
    """A person, a token of a person, or the portal itself.

    `user` is None only for the portal's own background work. `actor_type` is the token's type where a token is used.
    `signed_in_at` is when the person last gave the password in this session; None for tokens.
    """

    name: str
    actor_type: ActorType
    roles: tuple[Role, ...] = ()
    user: User | None = field(default=None, compare=False)
    address: str = ""
    signed_in_at: datetime | None = field(default=None, compare=False)

    @property
    def user_id(self) -> int | None:
        """The user's primary key, or None for the portal itself."""
        return self.user.pk if self.user is not None else None

    @classmethod
    def of(
        cls, user: User, *, actor_type: str = "", address: str = "", signed_in_at: datetime | None = None
    ) -> "Actor":
        """The actor that a signed-in user is; `actor_type` is the type of the token, if one is used.

        A token can only narrow: a non-human account never becomes human through a human token.
        """
        chosen = ActorType(user.actor_type)
        if actor_type and chosen is ActorType.HUMAN:
            chosen = ActorType(actor_type)
        return cls(
            name=user.username,
            actor_type=chosen,
            roles=tuple(Role(role) for role in user.roles),
            user=user,
            address=address,
            signed_in_at=signed_in_at,
        )

    @classmethod
    def system(cls, name: str) -> "Actor":
        """The portal's own background work, named for the audit log."""
        return cls(name=f"portal:{name}", actor_type=ActorType.AUTOMATED_WORKFLOW)
