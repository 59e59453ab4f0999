"""DICOM (C-STORE), where a site turns it on: by a list of senders in the stack's data folder.

Without that file Orthanc has no DICOM port. A file that cannot be used stops the start with everything that
is wrong with it, before anything is changed: a stack that runs goes on with the list that it had.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.native.errors import CannotGoOn
from deploy.native.paths import REPOSITORY

if TYPE_CHECKING:
    from auth_service.incoming.peers import Peers

SCRIPT = REPOSITORY / "deploy/orthanc/received.lua"
"""What Orthanc asks before it keeps an image that came by DICOM."""


@dataclass(frozen=True, kw_only=True)
class Sender:
    """One line of the list, as Orthanc is told of it."""

    ae_title: str
    address: str
    labels: tuple[str, ...]
    """Of the albums into which what he sends may go: while others hold a series, he adds nothing to it."""


@dataclass(frozen=True, kw_only=True)
class Dicom:
    """What Orthanc's configuration says of DICOM."""

    ae_title: str
    """Ours."""
    port: int
    senders: tuple[Sender, ...]
    script: str = str(SCRIPT)

    @property
    def peers(self) -> dict[str, Any]:
        """What the script reads."""
        return {
            sender.ae_title: {"Address": sender.address, "Labels": list(sender.labels)}
            for sender in self.senders
        }


def read(file: Path) -> "Peers | None":
    """Read the list of senders; ``None``: there is none, and DICOM is off.

    Raises
    ------
    CannotGoOn
        If it cannot be used.

    """
    from auth_service.incoming import peers  # noqa: PLC0415 - set-up and stop work without the gate

    if not file.exists():
        return None
    try:
        return peers.read(file)
    except peers.PeersError as error:
        told = "\n".join(f"  {problem}" for problem in error.problems)
        raise CannotGoOn(
            f"The list of DICOM senders cannot be used, {file}:\n{told}",
            "Correct it, or remove it to have no DICOM port.",
        ) from error


def told_to_orthanc(peers: "Peers", *, port: int) -> Dicom:
    """Return what Orthanc is told of the senders."""
    from auth_service.vocabulary import album_label  # noqa: PLC0415 - set-up and stop work without the gate

    return Dicom(
        ae_title=peers.ae_title,
        port=port,
        senders=tuple(
            Sender(
                ae_title=peer.ae_title,
                address=peer.address,
                labels=tuple(dict.fromkeys(album_label(rule.album) for rule in peer.rules)),
            )
            for peer in peers.peers
        ),
    )
