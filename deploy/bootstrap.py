"""Make the project's virtual environment from the lock file, with nothing but a bare Python.

Called by every make target. It is quick, and needs no network, when what is installed fits the lock. A marker
is written last, so an installation that was killed in the middle is taken up again.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

_LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
_MINIMUM = (3, 11)
_MEGABYTES = 1500
_MARKER = ".installed"


def main(folder: str) -> int:
    """Bring the virtual environment in `folder` to what the lock says."""
    venv = Path(folder).absolute()
    digest = hashlib.sha256(_LOCK.read_bytes()).hexdigest() + f" {sys.version_info[0]}.{sys.version_info[1]}"
    marker = venv / _MARKER
    if marker.exists() and marker.read_text(encoding="utf-8") == digest and _works(venv):
        return 0
    problem = _obstacle(venv)
    if problem:
        print(problem, file=sys.stderr)
        return 2
    with _LOCK.open(encoding="utf-8") as lock:
        # Two `make` at once would install into one another; any file will do to wait at.
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _fill(venv, marker, digest)


def _fill(venv: Path, marker: Path, digest: str) -> int:
    if marker.exists() and marker.read_text(encoding="utf-8") == digest:
        return 0
    marker.unlink(missing_ok=True)
    print(
        f"installing the Python packages of requirements.lock into {venv} (minutes, the first time)",
        flush=True,
    )
    if not _make(venv) or not _install(venv):
        return 2
    marker.write_text(digest, encoding="utf-8")
    return 0


def _obstacle(venv: Path) -> str | None:
    """Return what is in the way, with what to do about it."""
    if sys.version_info[:2] < _MINIMUM:
        wanted = ".".join(map(str, _MINIMUM))
        return (
            f"Python {wanted} or newer is needed; this is {sys.version.split()[0]}.\n"
            "Install one and name it: make demo PYTHON=python3.12"
        )
    try:
        import ensurepip  # noqa: F401, PLC0415 - Debian leaves it out of python3 itself
    except ImportError:
        return "This Python cannot make virtual environments.\nInstall the package python3-venv."
    existing = next(parent for parent in (venv, *venv.parents) if parent.exists())
    free = shutil.disk_usage(existing).free // 2**20
    if not venv.exists() and free < _MEGABYTES:
        return f"Too little room: {existing} has {free} MB free, {_MEGABYTES} MB are needed.\nMake room."
    return None


def _works(venv: Path) -> bool:
    """Return whether the environment's Python starts (the system's may have been replaced under it)."""
    try:
        command = [str(venv / "bin/python"), "-c", "import pip"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _make(venv: Path) -> bool:
    if _works(venv):
        return True
    return subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=False).returncode == 0


def _install(venv: Path) -> bool:
    command = [str(venv / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "-r", str(_LOCK)]
    if subprocess.run(command, check=False).returncode == 0:
        return True
    print(
        "The Python packages could not be installed (pip's message is above).\n"
        "If the network is away, connect this machine (or set pip's proxy) and run the command again.",
        file=sys.stderr,
    )
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
