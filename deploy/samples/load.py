"""Sending the samples to a stack: files to Orthanc, then albums through the auth service's own command.

It may be stopped and run again at any point: a series that Orthanc has completely is not sent again, a file
that it has is answered "already stored", and making albums is the auth service's business to repeat
harmlessly.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from deploy.native.errors import CannotGoOn
from deploy.samples import manifest
from deploy.samples.manifest import Manifest, SeriesEntry
from deploy.samples.progress import Progress

CONNECTIONS = 4
_ATTEMPTS = 8
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 5.0
_OK = 200
_BUSY = 503
_REFUSED = (401, 403)
_LONGEST = httpx.Timeout(60.0, connect=10.0)
_REPOSITORY = Path(__file__).resolve().parents[2]


class OrthancAccess(BaseModel):
    """Orthanc's own address and credential, from stack.json."""

    url: str
    username: str
    password: SecretStr


class _Internal(BaseModel):
    orthanc: OrthancAccess


class _Stack(BaseModel):
    internal: _Internal


@dataclass(frozen=True)
class Sent:
    """What came of it: files stored now, and files that Orthanc had."""

    stored: int
    present: int


def orthanc_access(stack_json: Path) -> OrthancAccess:
    """Read where Orthanc is from a stack's ``stack.json``."""
    try:
        return _Stack.model_validate_json(stack_json.read_text(encoding="utf-8")).internal.orthanc
    except OSError as error:
        raise CannotGoOn(
            f"{stack_json} cannot be read ({error.strerror}).",
            "Start the stack first, then load the samples.",
        ) from error
    except ValidationError as error:
        wrong = ", ".join(".".join(str(part) for part in problem["loc"]) for problem in error.errors())
        raise CannotGoOn(
            f"{stack_json} does not say where Orthanc is ({wrong}).",
            "Stop and start the stack: it is written again.",
        ) from error


def send(folder: Path, access: OrthancAccess, progress: Progress) -> Sent:
    """Send all files of a manifest that Orthanc does not have.

    Raises
    ------
    CannotGoOn
        If Orthanc cannot be reached, refuses the credential, or refuses a file.

    """
    content = manifest.read(folder)
    auth = httpx.BasicAuth(access.username, access.password.get_secret_value())
    with httpx.Client(base_url=access.url, auth=auth, timeout=_LONGEST, trust_env=False) as client:
        orthanc = _Orthanc(client)
        complete = orthanc.complete_series(content)
        missing = [file for file in content.files if file.rpartition("/")[0] not in complete]
        progress.start(len(content.files), done=len(content.files) - len(missing))
        stored = _send_all(orthanc, folder, missing, progress)
    progress.finish()
    return Sent(stored=stored, present=len(content.files) - stored)


def make_albums(folder: Path, environment: Mapping[str, str] | None) -> None:
    """Have the auth service make the albums of the manifest.

    Parameters
    ----------
    folder : Path
        The folder of the samples.
    environment : mapping, optional
        The auth service's settings; without it the command inherits the environment of the caller.

    """
    command = (
        sys.executable,
        "-m",
        "auth_service",
        "albums",
        "load",
        str((folder / manifest.NAME).resolve()),
    )
    child = None if environment is None else {**environment, "PYTHONPATH": str(_REPOSITORY)}
    done = subprocess.run(command, env=child, cwd=_REPOSITORY, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise CannotGoOn(
            f"The images are loaded, but the albums were not made (exit status {done.returncode}).",
            "Read its message above; the command can be repeated.",
        )


def read_environment(file: Path) -> dict[str, str]:
    """Read ``KEY=VALUE`` lines; empty lines and lines that begin with # say nothing."""
    values = {}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CannotGoOn(
            f"{file} cannot be read ({error.strerror}).", "Give the auth service's settings."
        ) from error
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, equals, value = line.partition("=")
        if not equals or not key.strip().isidentifier():
            raise CannotGoOn(f"Line {number} of {file} is not KEY=VALUE.", "Correct the file.")
        values[key.strip()] = value
    return values


class _Orthanc:
    """The two calls that loading needs; each is repeated while Orthanc says that it is busy."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def store(self, content: bytes, name: str) -> bool:
        """Store a file; say whether it was new."""
        answer = self._post("/instances", content=content, headers={"Content-Type": "application/dicom"})
        if answer.status_code != _OK:
            raise CannotGoOn(
                f"Orthanc refused {name} ({answer.status_code}).", "Look into Orthanc's log; then load again."
            )
        return str(answer.json().get("Status")) != "AlreadyStored"

    def complete_series(self, content: Manifest) -> set[str]:
        """Return the folders of the series of which Orthanc has every instance."""
        entries = {entry.series: entry for study in content.studies for entry in study.series}
        found: set[str] = set()
        identifiers = list(entries)
        for start in range(0, len(identifiers), _PAGE):
            page = identifiers[start : start + _PAGE]
            found |= {entries[series].folder for series in self._complete(page, entries)}
        return found

    def _complete(self, page: list[str], entries: Mapping[str, SeriesEntry]) -> Iterable[str]:
        question = {
            "Level": "Series",
            "Query": {"SeriesInstanceUID": "\\".join(page)},
            "ResponseContent": ["RequestedTags"],
            "RequestedTags": ["SeriesInstanceUID", "NumberOfSeriesRelatedInstances"],
            "Limit": len(page) * 2,
        }
        answer = self._post("/tools/find", json=question)
        if answer.status_code != _OK:
            raise CannotGoOn(
                f"Orthanc cannot search its content ({answer.status_code}).",
                "Look into Orthanc's log; then load again.",
            )
        for item in answer.json():
            tags = item["RequestedTags"]
            series, number = str(tags["SeriesInstanceUID"]), int(tags["NumberOfSeriesRelatedInstances"])
            if number >= entries[series].instances:
                yield series

    def _post(
        self,
        path: str,
        *,
        content: bytes | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        pause = _FIRST_PAUSE
        for attempt in range(1, _ATTEMPTS + 1):
            problem = "it is busy"
            try:
                answer = self._client.post(path, content=content, json=json, headers=headers)
            except httpx.TransportError as error:
                problem = type(error).__name__
            else:
                if answer.status_code in _REFUSED:
                    raise CannotGoOn(
                        "Orthanc refuses the credential in stack.json.",
                        "Stop and start the stack, then load again.",
                    )
                if answer.status_code != _BUSY:
                    return answer
            if attempt < _ATTEMPTS:
                time.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        raise CannotGoOn(
            f"Orthanc at {self._client.base_url} does not answer ({problem}).",
            "See whether the stack runs; load again.",
        )


_PAGE = 100


def _send_all(orthanc: _Orthanc, folder: Path, files: list[str], progress: Progress) -> int:
    """Send files over several connections; after the first failure nothing new is begun."""
    stop = threading.Event()

    def send_one(file: str) -> bool:
        if stop.is_set():
            return False
        try:
            new = orthanc.store((folder / file).read_bytes(), file)
        except OSError as error:
            stop.set()
            raise CannotGoOn(f"{folder / file} cannot be read.", "Make the sample data again.") from error
        except BaseException:
            stop.set()
            raise
        progress.advance()
        return new

    with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="samples") as pool:
        return sum(pool.map(send_one, files))
