"""What can go wrong when the portal asks another service, as types that pages can tell apart.

::

    PortalError
    ├── SignedOut     there is no session, or it has ended
    ├── Forbidden     the person may see it, but not do this
    ├── NotFound      it does not exist, or is hidden from the person: the two look the same
    ├── Invalid       the question itself was refused; ``message`` says why
    └── Unavailable   a service does not answer, or answers nonsense; ``part`` says which

No error carries what another exception said: that goes to the log where it is caught.
"""

from enum import StrEnum


class Part(StrEnum):
    """The services that the portal leans on, by the names that ``GET /api/health`` uses."""

    AUTH_SERVICE = "auth_service"
    ORTHANC = "orthanc"
    KEYCLOAK = "keycloak"
    RULES = "rules"
    """Not a service: the rules file, without which auth_service serves administrators alone."""


class PortalError(Exception):
    """The portal asked and did not get what it asked for."""


class SignedOut(PortalError):
    """There is no session, or it has ended."""


class Forbidden(PortalError):
    """The person may see it, but not do this with it."""


class NotFound(PortalError):
    """It does not exist, or the person may not know that it does."""


class Invalid(PortalError):
    """The question was refused as it was asked; where it is known, which field, and a sentence about it."""

    def __init__(self, field: str = "", message: str = "") -> None:
        super().__init__(field)
        self.field = field
        self.message = message

    @property
    def sentence(self) -> str:
        """What was said about the field, without the name that programs know the field by."""
        said = self.message.removeprefix(self.field).lstrip("\u00a0 :") if self.field else self.message
        return said[:1].upper() + said[1:]


class Unavailable(PortalError):
    """A service does not answer."""

    def __init__(self, part: Part) -> None:
        super().__init__(f"{part} does not answer")
        self.part = part
