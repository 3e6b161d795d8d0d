"""The one error of starting up."""


class StartRefused(Exception):
    """The portal cannot start; the text is one sentence that says what to do."""
