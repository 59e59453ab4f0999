"""Send requests as fast as they are answered: wrk, whose cost does not hide what is measured."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.native import aptroot, environment
from deploy.native.aptroot import Packages
from deploy.native.paths import Cache

WRK = Packages("wrk", ("wrk",), "usr/bin/wrk", 40)

_SCRIPT = """
local paths = {{{paths}}}
local at = 0
request = function()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
done = function(summary)
  io.write(string.format("RATE %.3f ERRORS %d\\n", summary.requests * 1e6 / summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
"""


@dataclass(frozen=True, kw_only=True)
class Load:
    """A list of addresses to ask for, one after the other, again and again."""

    paths: Sequence[str]
    headers: Sequence[str]
    folder: Path

    def warm_up(self, url: str) -> None:
        """Ask once, unmeasured."""
        headers = dict(header.split(": ", 1) for header in self.headers)
        httpx.get(url + self.paths[0], headers=headers, trust_env=False).raise_for_status()

    def rate(self, url: str, *, connections: int, seconds: float) -> float:
        """Return answers per second; anything but a success stops the benchmark."""
        tree = aptroot.get(Cache.default(), WRK, lambda _: None)
        script = self.folder / "wrk.lua"
        script.write_text(_SCRIPT.format(paths=",".join(f'"{path}"' for path in self.paths)))
        command = [
            str(tree.root / "usr/bin/wrk"),
            *("-t", "1", "-c", str(connections), "-d", f"{seconds:.0f}s", "-s", str(script)),
            *(word for header in self.headers for word in ("-H", header)),
            url,
        ]
        done = subprocess.run(
            command,
            env={**environment.base(), "LD_LIBRARY_PATH": tree.libraries},
            capture_output=True,
            text=True,
            check=True,
        )
        found = re.search(r"RATE ([0-9.]+) ERRORS ([0-9]+)", done.stdout)
        if found is None or found[2] != "0":
            raise RuntimeError(f"requests failed: {done.stdout[-500:]}")
        return float(found[1])
