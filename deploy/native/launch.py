"""What the supervisor starts: it ends what an earlier life of a part left, then becomes the part.

When nginx's master or Keycloak's shell is killed hard, workers and java live on and hold the port; without
this the supervisor's restart would fail until somebody looked.

Usage: ``python -m deploy.native.launch PART DATA CACHE COMMAND...``
"""

import os
import sys
from pathlib import Path

from deploy.native import orphans


def main(words: list[str]) -> None:
    """End orphans of the part and replace this process by the part's command."""
    part, data, cache, *command = words
    left = orphans.end(orphans.of_stack(Path(data), Path(cache), part), patience=3.0)
    if left:
        print(f"ended {left} process(es) that an earlier {part} left", flush=True)
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
