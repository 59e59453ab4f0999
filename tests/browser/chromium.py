"""Debian's Chromium from the unpacked tree in the cache: nothing is installed, and no other browser taken."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from playwright.sync_api import Browser, ProxySettings, sync_playwright

from deploy.native import aptroot, environment
from deploy.native.aptroot import Tree
from deploy.native.errors import CannotGoOn
from deploy.native.paths import Cache

_FLAGS = (
    "--no-sandbox",  # the sandbox needs a set-uid helper or user namespaces; only our own pages are opened
    "--disable-background-networking",
    "--disable-component-update",
    # What it asks of its maker all the same goes to a closed port of this machine, so that whatever is
    # seen on the way out was asked by a page.
    "--component-updater=url-source=http://127.0.0.1:9/",
    "--gaia-url=http://127.0.0.1:9/",
    "--autofill-server-url=http://127.0.0.1:9/",
    "--disable-dev-shm-usage",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--force-color-profile=srgb",
)

# The tree's own file names folders of the machine, whose fonts (if it has any) make other pictures.
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{root}/usr/share/fonts</dir>
  <cachedir>{folder}/cache</cachedir>
  <alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"""


@dataclass(frozen=True)
class Outside:
    """The browser's only way out of 127.0.0.1: a proxy that writes down what was asked, and hangs up."""

    port: int
    asked: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def watched(cls) -> Iterator["Outside"]:
        """Listen until the browser has ended."""
        with socket.create_server(("127.0.0.1", 0)) as door:
            outside = cls(door.getsockname()[1])
            watcher = Thread(target=outside._watch, args=(door,), daemon=True)
            watcher.start()
            yield outside
            door.shutdown(socket.SHUT_RDWR)
            watcher.join()

    def as_proxy(self) -> ProxySettings:
        """Return it as Playwright wants it."""
        return {"server": f"http://127.0.0.1:{self.port}", "bypass": "127.0.0.1"}

    def _watch(self, door: socket.socket) -> None:
        while True:
            try:
                caller, _ = door.accept()
            except OSError:
                return
            with caller:
                caller.settimeout(5)
                try:
                    line = caller.recv(4096).decode("latin-1").partition("\r\n")[0]
                except OSError as error:
                    line = f"(unreadable: {error})"
                self.asked.append(line)


def tree(cache: Cache) -> Tree:
    """Return the unpacked packages, or say how to get them."""
    found = aptroot.present(cache, aptroot.CHROMIUM)
    if found is None:
        raise CannotGoOn(
            f"{cache.root} has no Chromium.", "Fetch it with `python -m deploy.native setup --with-tests`."
        )
    return found


def libraries(place: Tree) -> str:
    """Return where its libraries are; the sound system's looks for a part of itself on the machine."""
    nested = sorted({str(file.parent) for file in place.root.glob("usr/lib/*/pulseaudio/*.so")})
    return ":".join([place.libraries, *nested])


@contextmanager
def running(
    cache: Cache, folder: Path, *, outside: Outside | None = None, scale: int = 1
) -> Iterator[Browser]:
    """Start the browser, and end it afterwards.

    Parameters
    ----------
    cache : Cache
        Where its tree is.
    folder : Path
        An existing folder for the browser's own files.
    outside : Outside, optional
        What stands in the place of the rest of the world.
    scale : int
        Pixels of the screen for each pixel of a page.
    """
    place = tree(cache)
    fonts = folder / "fonts.conf"
    fonts.write_text(_FONTS.format(root=place.root, folder=folder), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=place.find(aptroot.CHROMIUM.proof),
            args=[*_FLAGS, f"--force-device-scale-factor={scale}"],
            # Only this process and its children: the tree's libraries are not for the machine's own programs.
            env={
                **environment.base(),
                "LD_LIBRARY_PATH": libraries(place),
                "FONTCONFIG_FILE": str(fonts),
                "HOME": str(folder),
            },
            proxy=outside.as_proxy() if outside else None,
        )
        try:
            yield browser
        finally:
            browser.close()
