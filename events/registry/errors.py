"""Errors as registry clients know them: `{"error_code": …, "message": …}`."""

from enum import IntEnum

from portal.refusals import Refusal


class Code(IntEnum):
    """The stable codes of the de-facto API. The HTTP status is the first three digits."""

    SUBJECT_NOT_FOUND = 40401
    VERSION_NOT_FOUND = 40402
    SCHEMA_NOT_FOUND = 40403
    SUBJECT_SOFT_DELETED = 40404
    VERSION_SOFT_DELETED = 40406
    SUBJECT_MODE_NOT_SET = 40409
    INCOMPATIBLE = 40901
    # Of this registry: the change that somebody has to sign is open; the message and Location say where.
    NEEDS_APPROVAL = 40950
    INVALID_SCHEMA = 42201
    INVALID_VERSION = 42202
    INVALID_LEVEL = 42203
    NOT_PERMITTED = 42205


class RegistryRefusal(Refusal):
    """The registry API refuses, with a code that its clients know."""

    def __init__(self, code: Code, message: str, *, location: str = "") -> None:
        super().__init__(code.name.lower(), message)
        self.code = int(code)
        self.status = self.code // 100
        self.location = location
