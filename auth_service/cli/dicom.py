"""Look at the list of DICOM senders from the command line."""

import sys
from pathlib import Path

from auth_service.incoming import peers as peers_file
from auth_service.incoming.peers import PeersError


def check(file: Path) -> int:
    """Say what is wrong with a list; 0: nothing, 1: it cannot be used."""
    try:
        peers = peers_file.read(file)
    except PeersError as error:
        for problem in error.problems:
            print(f"{file}: {problem}", file=sys.stderr)
        return 1
    for peer in peers.peers:
        ways = [
            f"{', '.join(rule.modalities) if rule.modalities else 'everything'} into {rule.album}"
            for rule in peer.rules
        ]
        print(f"{peer.ae_title} at {peer.address}: {'; '.join([*ways, 'the rest is to be filed'])}")
    return 0
