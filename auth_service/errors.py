"""The errors of the use cases; ``http/responses.py`` alone turns them into HTTP.

::

    ServiceError
    ├── NotFound        it does not exist, or is hidden from who asks: the two look the same
    ├── Forbidden       he may read it, but not do this
    │   └── NotInPerson      a program may not, in whoever's name it comes
    ├── Invalid         a field is not what was expected
    │   ├── NotAcceptable    no representation that the client takes can be had
    │   └── Unsupported      what was sent is in a form that is not read here
    ├── Conflict        it cannot be done in the state that things are in
    ├── Unauthenticated signing in would help, or the credential is bad
    ├── TooMany         too many bad credentials came from there, or too many questions of one kind from him
    └── Unavailable     a part of the system does not answer
        ├── Untold      it answers, and will not tell us
        └── NoRules     there is a rules file, and none was ever good

Messages are English gettext ids with named places; they are translated where they are shown.
"""

from collections.abc import Mapping


class ServiceError(Exception):
    """Something that a person is told; never carries what another exception said."""

    code = "error"

    def __init__(self, message: str, *, reason: str | None = None, **places: str) -> None:
        super().__init__(message)
        self.message = message
        self.places: Mapping[str, str] = places
        self.reason = reason


class NotFound(ServiceError):
    """It does not exist, or is hidden from who asks."""

    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is nothing here, or nothing that you may see.")


class Forbidden(ServiceError):
    """He may see it, but not do this."""

    code = "forbidden"


class NotInPerson(Forbidden):
    """It takes somebody who signed in, and a program asks."""

    def __init__(self) -> None:
        super().__init__("This can only be done by somebody who signed in, not by a token.", reason="token")


class Invalid(ServiceError):
    """A field is not what was expected; the reason names the field, and the message may as ``{field}``."""

    code = "invalid"

    def __init__(self, field: str, message: str, **places: str) -> None:
        super().__init__(message, reason=field, field=field, **places)
        self.field = field


class NotAcceptable(Invalid):
    """It cannot be had in a form that the client takes (PS3.18, section 8.7.8.1)."""

    code = "not_acceptable"

    def __init__(self, *, known: str) -> None:
        super().__init__("Accept", "{field} must allow {known}.", known=known)


class Unsupported(Invalid):
    """What was sent is in a form that is not read here (PS3.18, section 8.7.8.2)."""

    code = "unsupported"

    def __init__(self, *, known: str) -> None:
        super().__init__("Content-Type", "{field} must be {known}.", known=known)


class Conflict(ServiceError):
    """It cannot be done in the state that things are in."""

    code = "conflict"


class Unauthenticated(ServiceError):
    """No credential where one is needed, or one that is not good."""

    code = "unauthenticated"

    def __init__(self, message: str = "Sign in first.", *, reason: str | None = None) -> None:
        super().__init__(message, reason=reason)


class TooMany(ServiceError):
    """Too many bad credentials came from there and no more answers may wait, or he asks too often."""

    code = "too_many"

    def __init__(
        self, message: str = "Too many bad credentials came from your address: wait a moment."
    ) -> None:
        super().__init__(message)


class Unavailable(ServiceError):
    """A part of the system does not answer; the reason names the part."""

    code = "unavailable"

    def __init__(self, part: str, message: str = "A part of the system does not answer: {part}.") -> None:
        super().__init__(message, reason=part, part=part)


class Untold(Unavailable):
    """A part answers and will not tell: our own credential or right is gone, say."""


class NoRules(Unavailable):
    """There is a rules file, and none was ever good: who may do what is not known."""

    part = "rules"

    def __init__(
        self, message: str = "The rules of access cannot be read. Administrators can see why."
    ) -> None:
        super().__init__(self.part, message)
