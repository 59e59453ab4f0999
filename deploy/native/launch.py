"""What the supervisor starts: it ends what an earlier life of a part left, then becomes the part.

When nginx's master or Keycloak's shell is killed hard, workers and java live on and hold the port; without
this the supervisor's restart would fail until somebody looked.

Keycloak fills an empty database at its first start, and cannot go on with one in which it was killed. Such a
folder is worthless until a marker says that the first start succeeded; it is emptied before each try.
"""

import argparse
import os
from pathlib import Path

from deploy.native import orphans
from deploy.native.files import remove_tree


def main() -> None:
    """End orphans of the part and replace this process by the part's command."""
    parser = argparse.ArgumentParser(prog="python -m deploy.native.launch", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the stack's data folder")
    parser.add_argument("--cache", type=Path, required=True, help="folder of the unpacked programs")
    parser.add_argument("--worthless", type=Path, help="folder to delete unless the marker is there")
    parser.add_argument("--until", type=Path, help="the marker")
    parser.add_argument("part")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    left = orphans.end(orphans.of_stack(given.data, given.cache, given.part), patience=3.0)
    if left:
        print(f"ended {left} process(es) that an earlier {given.part} left", flush=True)
    if given.worthless and given.worthless.exists() and not given.until.exists():
        print(f"{given.worthless} is of a start that was interrupted; starting with an empty one", flush=True)
        remove_tree(given.worthless)
    os.execvp(given.command[0], given.command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
