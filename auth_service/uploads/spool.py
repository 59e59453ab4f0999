"""Keep on disk what comes in pieces, until it is looked through: a folder for each upload, ours alone."""

import os
import shutil
import stat
import tempfile
from pathlib import Path

from auth_service.errors import Unavailable
from auth_service.settings import Settings

SPARED = 1024**3
"""Bytes of the disk that are left free."""


def folder(settings: Settings) -> Path:
    """Return the folder in which all uploads wait."""
    if settings.upload_folder:
        return Path(settings.upload_folder)
    return Path(tempfile.gettempdir(), "paradim-uploads")


def of_upload(settings: Settings, change: str) -> Path:
    """Return an upload's folder, made if need be."""
    top = folder(settings)
    try:
        top.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours_alone(top):
            raise Unavailable("uploads")
        made = top / change
        made.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise Unavailable("uploads") from error
    return made


def _is_ours_alone(top: Path) -> bool:
    """Tell whether nobody else may look into a folder: in the system's own, somebody may have made it."""
    found = top.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077


def check_room(settings: Settings) -> None:
    """Refuse to take more where the disk is nearly full: the rest of it is others'.

    Raises
    ------
    Unavailable
        If less than `SPARED` is free.

    """
    top = folder(settings)
    if shutil.disk_usage(top if top.exists() else top.parent).free < SPARED:
        raise Unavailable("uploads")


def of_file(settings: Settings, change: str, number: int) -> Path:
    """Return where a file is kept as it comes."""
    return of_upload(settings, change) / str(number)


def drop(settings: Settings, change: str) -> None:
    """Remove what an upload has left."""
    shutil.rmtree(folder(settings) / change, ignore_errors=True)


def kept(settings: Settings) -> frozenset[str]:
    """Return the changes of which something is on disk."""
    top = folder(settings)
    return frozenset(one.name for one in top.iterdir()) if top.is_dir() else frozenset()
