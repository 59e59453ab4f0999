"""OHIF's static build from npm, checked and made to live under ``/ohif/``.

As published it runs only at ``/``: the address of its parts is baked into the files. Patching happens once,
in the cache; what a stack adds is its own ``app-config.js`` (rendered from `deploy/ohif/app-config.js`).
"""

import base64
import gzip
import hashlib
import re
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

from deploy.native import environment, tools
from deploy.native.commands import run
from deploy.native.errors import CannotGoOn
from deploy.native.files import published_folder, remove_tree
from deploy.native.paths import Cache

VERSION = "3.13.2"
INTEGRITY = "sha512-WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA=="
MEGABYTES = 250
_RECIPE = "1"  # raise it when the patches change
_BASE = "/ohif/"
_PACKAGE = f"@ohif/app@{VERSION}"
_PUBLIC_PATH = '__webpack_require__.p = "/"'
_BUNDLES_WITH_PUBLIC_PATH = 8
# In-browser AI (136 MB), a service worker, sign-ins that we do not use, and what only a debugger reads.
_LEFT_OUT = ("ort/", "sw.js", "google.js", "oidc-client.min.js", "app-config.js", "_headers", "_redirects")
_SQUEEZED = {".js", ".css", ".wasm", ".json", ".svg", ".html"}
_WORTH_SQUEEZING = 4096


def place(cache: Cache) -> Path:
    """Return the folder of the patched build."""
    digest = hashlib.sha256(f"{INTEGRITY}|{_RECIPE}|{_BASE}".encode()).hexdigest()[:10]
    return cache.root / f"ohif-{VERSION}-{digest}"


def get(cache: Cache, say: Callable[[str], None]) -> Path:
    """Return the patched build, fetching and patching it where it is missing."""
    folder = place(cache)
    if folder.is_dir():
        return folder
    archive = _fetch(cache, say)
    say("making OHIF live under /ohif/")
    with published_folder(folder) as work:
        _unpack(archive, work)
        patch(work)
        squeeze(work)
    remove_tree(archive.parent)
    return folder


def _fetch(cache: Cache, say: Callable[[str], None]) -> Path:
    npm = tools.npm(cache, say)
    folder = cache.root / "download-ohif"
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"ohif-app-{VERSION}.tgz"
    if not (archive.is_file() and integrity(archive) == INTEGRITY):
        say(f"fetching OHIF {VERSION} with npm")
        # npm's own cache would keep a second copy of 50 MB in the home folder.
        words: list[str | Path] = [
            *npm.command,
            "pack",
            _PACKAGE,
            "--pack-destination",
            folder,
            "--cache",
            folder / "npm",
        ]
        env = {**environment.fetching(), **npm.environment, "TMPDIR": str(folder)}
        run(words, what="fetching OHIF with npm", env=env, cwd=folder)
    found = integrity(archive)
    if found != INTEGRITY:
        raise CannotGoOn(
            f"The fetched OHIF {VERSION} is not the one that was reviewed ({found}).",
            "Do not use it; find out where this machine's npm gets its files from.",
        )
    return archive


def integrity(file: Path) -> str:
    """Return a file's digest as npm writes it."""
    with file.open("rb") as stream:
        return "sha512-" + base64.b64encode(hashlib.file_digest(stream, "sha512").digest()).decode()


def _unpack(archive: Path, target: Path) -> None:
    inside = "package/dist/"
    with tarfile.open(archive) as content:
        for member in content:
            name = member.name.removeprefix(inside)
            if (
                name == member.name
                or name.startswith(_LEFT_OUT)
                or name.endswith(".map")
                or not member.isfile()
            ):
                continue
            # Only plain files are taken, and none outside: the extraction filters are not in every Python
            # 3.11.
            file = target / name
            stream = content.extractfile(member)
            if stream is None or ".." in Path(name).parts:
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            with stream, file.open("wb") as copy:
                shutil.copyfileobj(stream, copy)


def patch(folder: Path) -> None:
    """Change the baked-in address of the build's own parts from ``/`` to ``/ohif/``.

    Raises
    ------
    CannotGoOn
        When the files are not as they were when this was written: half a patch would show as a blank page.
    """
    changed = 0
    for script in folder.glob("*.js"):
        text = script.read_text(encoding="utf-8")
        if _PUBLIC_PATH in text:
            script.write_text(
                text.replace(_PUBLIC_PATH, f'__webpack_require__.p = "{_BASE}"'), encoding="utf-8"
            )
            changed += 1
    if changed < _BUNDLES_WITH_PUBLIC_PATH:
        raise CannotGoOn(
            f"Only {changed} of OHIF's bundles could be moved to {_BASE}.",
            "This version of OHIF needs a look: see deploy/native/ohif.py.",
        )
    page = folder / "index.html"
    html = re.sub(r'(src|href|content)="/', rf'\1="{_BASE}', page.read_text(encoding="utf-8"))
    html = html.replace('window.PUBLIC_URL="/"', f'window.PUBLIC_URL="{_BASE}"')
    page.write_text(html, encoding="utf-8")
    for sheet in folder.glob("*.css"):
        sheet.write_text(sheet.read_text(encoding="utf-8").replace("url(/", f"url({_BASE}"), encoding="utf-8")
    manifest = folder / "manifest.json"
    manifest.write_text(
        manifest.read_text(encoding="utf-8").replace('"/assets', f'"{_BASE}assets'), encoding="utf-8"
    )


def squeeze(folder: Path) -> None:
    """Put a compressed copy beside each large text file, for nginx's ``gzip_static``: 17 MB become 4."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.suffix in _SQUEEZED and file.stat().st_size > _WORTH_SQUEEZING:
            packed = gzip.compress(file.read_bytes(), compresslevel=6, mtime=0)
            file.with_name(file.name + ".gz").write_bytes(packed)
