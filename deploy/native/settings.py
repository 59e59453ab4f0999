"""What was decided at a stack's first set-up and is kept: its ports and its profile."""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.native import ports
from deploy.native.errors import CannotGoOn
from deploy.native.files import write_private
from deploy.native.ports import Ports

PROFILES = ("default",)


@dataclass(frozen=True)
class Settings:
    """Choices of one stack."""

    ports: Ports
    profile: str
    bearer_clients: str = "portal"
    """Clients of Keycloak, by comma, whose access tokens the gate takes; others are only written by hand."""
    programs_sign_in: bool = False
    """Whether nginx publishes Keycloak's tokens, keys and discovery for such clients; only by hand, too."""
    origins: tuple[str, ...] = ()
    """Other sites whose pages may ask with a bearer (``https://viewer.example.org``); only by hand, too."""
    album_makers: str = ""
    """Roles of the realm, by comma, whose people may make albums; empty: everybody; only by hand, too."""

    @property
    def public_url(self) -> str:
        """The one address that people use."""
        return f"http://{ports.LOOPBACK}:{self.ports.public}"

    @property
    def cookie_name(self) -> str:
        """Name of the session cookie: cookies ignore ports, so stacks side by side need different names."""
        return f"portal_sid_{self.ports.public}"


def read(file: Path) -> Settings | None:
    """Return the kept settings, or None for a stack that was never set up."""
    if not file.exists():
        return None
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return Settings(
            Ports(**kept["ports"]),
            kept["profile"],
            bearer_clients=str(kept.get("bearer_clients", "portal")),
            programs_sign_in=kept.get("programs_sign_in", False) is True,
            album_makers=str(kept.get("album_makers", "")),
            origins=tuple(_origin(one) for one in kept.get("origins", ())),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise CannotGoOn(
            f"{file} is damaged or of another version.", "Give the stack up with `make reset` and start anew."
        ) from error


def _origin(written: object) -> str:
    """Read an origin as browsers write it (RFC 6454, section 6.2): it stands in nginx's configuration."""
    if not isinstance(written, str) or not re.fullmatch(r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?", written):
        raise ValueError(written)
    return written


def check(kept: Settings | None, *, port: int | None, profile: str | None) -> None:
    """Refuse wishes that do not fit: an unknown profile, or another port than the one kept."""
    if profile is not None and profile not in PROFILES:
        raise CannotGoOn(
            f"There is no profile {profile!r} yet.", f"Leave PROFILE out; there is: {', '.join(PROFILES)}."
        )
    if kept is None:
        if port is not None:
            ports.check_requested(port)
        return
    if port is not None and port != kept.ports.public:
        raise CannotGoOn(
            f"This stack keeps port {kept.ports.public}: the address is part of sign-in.",
            "Leave PORT out, or give the stack up with `make reset` first.",
        )
    if profile is not None and profile != kept.profile:
        raise CannotGoOn(
            f"This stack was set up with profile {kept.profile!r}.",
            "Leave PROFILE out, or give the stack up with `make reset` first.",
        )


def keep_dicom_port(file: Path, kept: Settings) -> Settings:
    """Choose a port for DICOM for a stack that has none, and keep it."""
    chosen = replace(kept.ports, dicom=ports.choose_one(kept.ports))
    content = json.loads(file.read_text(encoding="utf-8"))
    write_private(file, json.dumps({**content, "ports": chosen.named()}, indent=2) + "\n")
    return replace(kept, ports=chosen)


def make(file: Path, *, port: int | None, profile: str | None) -> Settings:
    """Choose ports for a new stack and keep them."""
    made = Settings(ports.choose(port), profile or PROFILES[0])
    content = {"ports": made.ports.named(), "profile": made.profile}
    write_private(file, json.dumps(content, indent=2) + "\n")
    return made
