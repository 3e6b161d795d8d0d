"""The one error of starting up."""


class StartRefused(Exception):  # noqa: N818 - said like the refusals of the domain
    """The portal cannot start; the text is one sentence that says what to do."""
