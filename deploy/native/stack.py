"""One stack from its first set-up to its reset: the steps of `make demo` and friends, in order.

Every step may be repeated and may be killed anywhere: it looks at what is there, and only then does what is
missing.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from deploy.native import (
    accounts,
    checks,
    configuration,
    dicom,
    health,
    manifest,
    orphans,
    ports,
    samples,
    settings,
    status,
)
from deploy.native.credentials import load_or_make
from deploy.native.errors import CannotGoOn
from deploy.native.files import locked, private_folder, remove_tree, write_private
from deploy.native.paths import REPOSITORY, Cache, DataFolder
from deploy.native.processes import Supervisor
from deploy.native.programs import REALM, Context, Program, auth_environment, programs, software

MINIMUM_ORTHANC = (1, 12, 7)
_STOP_SECONDS = 60.0
_LOG_LINES = 15
_STARTS = 4
_LARGE_LOG = 20 * 1024 * 1024


def say_nothing(_text: str) -> None:
    """Take progress messages and drop them."""


class Stack:
    """A stack of all parts.

    Parameters
    ----------
    data : Path, optional
        Its data folder; by default ``var/<name>`` in the repository.
    name : str
        Its name.
    say : callable
        Takes each line of progress.
    cache : Cache, optional
        Where downloads are kept.
    """

    def __init__(
        self,
        data: Path | None = None,
        name: str = "demo",
        *,
        say: Callable[[str], None] = say_nothing,
        cache: Cache | None = None,
    ) -> None:
        self.data = DataFolder.of(name, data)
        self.cache = cache or Cache.default()
        self.say = say
        self._supervisor = Supervisor(self.data.memory / "supervisor.sock")

    # -- start ----------------------------------------------------------------------------------------------

    def up(
        self,
        *,
        port: int | None = None,
        profile: str | None = None,
        with_samples: bool = True,
        dicom_peers: Path | None = None,
    ) -> dict[str, Any]:
        """Set up what is missing, start what does not run, load what is not loaded; return ``stack.json``.

        Parameters
        ----------
        dicom_peers : Path, optional
            A list of who may send by DICOM, of which the stack keeps a copy; by default the one it has.
        """
        self._check(port, profile, dicom_peers)
        with self._lock():
            if self.data.deleting.exists():
                self._stop()
                self._delete()
            elif self._alive() and not self.data.settings.exists():
                # Somebody deleted the data folder under the running parts: what they hold is of no use.
                self._stop()
            first = not self.data.accounts_made.exists()
            context = self._context(port, profile, dicom_peers)
            parts = programs(context)
            self._start(context, parts)
            self._make_accounts(context)
            content = self._write_manifest(context, parts)
            if with_samples:
                self._load_samples(context)
            self._tell(content, with_passwords=first)
            return content

    def _check(self, port: int | None, profile: str | None, dicom_peers: Path | None) -> None:
        """Say what is in the way before anything is changed."""
        checks.machine()
        configuration.check_paths(self.data.root, self.cache.root, Path(sys.executable))
        kept = settings.read(self.data.settings)
        settings.check(kept, port=port, profile=profile)
        self._refuse_foreign_folder()
        if dicom_peers is not None and not dicom_peers.exists():
            raise CannotGoOn(f"There is no {dicom_peers}.", "Name the list of DICOM senders.")
        by_dicom = dicom.read(dicom_peers or self.data.dicom_peers) is not None
        if kept is not None and not self._alive():
            left = {process.pid for process in orphans.of_stack(self.data.root, self.cache.root)}
            ports.check_kept(kept.ports, ours=left, data=self.data.root, by_dicom=by_dicom)
        if kept is None:
            checks.data_room(self.data.root)
        checks.before_fetching(self.cache)
        warning = checks.host_name_warning()
        if warning:
            self.say(warning)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        waiting = "another start, stop or reset of this stack is under way; waiting for it"
        with locked(self.cache.lock_of(self.data), waiting=lambda: self.say(waiting)):
            yield

    def _context(self, port: int | None, profile: str | None, dicom_peers: Path | None = None) -> Context:
        private_folder(self.data.root)
        kept = settings.read(self.data.settings)
        chosen = kept or settings.make(self.data.settings, port=port, profile=profile)
        self.data.make()
        if dicom_peers is not None:
            write_private(self.data.dicom_peers, dicom_peers.read_text(encoding="utf-8"))
        if self.data.dicom_peers.exists() and not chosen.ports.dicom:
            chosen = settings.keep_dicom_port(self.data.settings, chosen)
        secrets = load_or_make(self.data.secrets, accounts.NAMES)
        waiting = "another set-up is filling the cache; waiting for it"
        with locked(self.cache.lock, waiting=lambda: self.say(waiting)):
            found = software(self.cache, self.say)
        return Context(self.cache, self.data, chosen, secrets, found)

    def _start(self, context: Context, parts: list[Program]) -> None:
        alive = self._alive()
        if not alive:
            left = orphans.end_all(self.data.root, self.cache.root)
            if left:
                self.say(f"ended {left} process(es) that an earlier start left behind")
            self._turn_logs_over()
        self.data.make_memory()
        changed = configuration.write(context, parts)
        self._run_auth(context, "migrate", what="Preparing the database")
        if alive:
            changed |= set(self._supervisor.reload())
            for name in changed & set(self._supervisor.infos()):
                self._supervisor.stop_part(name)
        else:
            file = configuration.supervisor_file(context)
            self._supervisor.start(file, env=configuration.supervisor_environment(context))
        for part in parts:
            self._supervisor.start_part(part.name)
        for part in sorted(parts, key=lambda one: one.patience):
            self._wait_for(part)
        if not self.data.keycloak_established.exists():
            write_private(self.data.keycloak_established, "")

    def _turn_logs_over(self) -> None:
        """Set large logs of nginx aside; those that the supervisor writes it turns over by itself."""
        for log in self.data.logs.glob("nginx-*.log"):
            if log.stat().st_size > _LARGE_LOG:
                log.replace(log.with_suffix(".log.1"))

    def _alive(self) -> bool:
        """Return whether our supervisor answers, from a folder that nobody else can have put there."""
        return self.data.has_memory() and self._supervisor.alive()

    def _run_auth(self, context: Context, *words: str, what: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "auth_service", *words],
            env={**context.environment("auth_service"), **auth_environment(context)},
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CannotGoOn(f"{what} failed: {done.stdout.strip()[-2000:]}", "Read the message above.")

    def _wait_for(self, part: Program) -> None:
        began = time.monotonic()
        starts: set[int] = set()

        def still_alive() -> bool:
            """Say no when the part ends again and again: more of the same would only make people wait."""
            starts.add(self._supervisor.infos()[part.name].started)
            return len(starts) <= _STARTS and not self._supervisor.given_up(part.name)

        trouble = health.wait(part.probe, seconds=part.patience, still_alive=still_alive)
        log = self.data.logs / f"{part.name}.log"
        if trouble is not None:
            tail = "\n".join(last_lines(log, _LOG_LINES))
            raise CannotGoOn(f"{part.name} did not start: {trouble}. Its log ends:\n{tail}", f"See {log}.")
        if part.name == "orthanc":
            self._check_orthanc(part)
        self.say(f"{part.name} works ({time.monotonic() - began:.1f} s)")

    def _check_orthanc(self, part: Program) -> None:
        """Ask Orthanc what it is instead of assuming it."""
        system = health.ask_json(part.probe)
        version = str(system.get("Version", ""))
        numbers = tuple(int(word) for word in version.split(".") if word.isdigit())
        if numbers < MINIMUM_ORTHANC:
            wanted = ".".join(str(number) for number in MINIMUM_ORTHANC)
            raise CannotGoOn(f"Orthanc is {version}; at least {wanted} is needed.", "Empty the cache folder.")
        capabilities = system.get("Capabilities", {})
        lacking = [name for name in ("HasExtendedFind",) if not capabilities.get(name)]
        if not system.get("HasLabels") or lacking:
            raise CannotGoOn("This Orthanc's database has no labels or no ordered search.", "Use SQLite.")

    def _make_accounts(self, context: Context) -> None:
        if self.data.accounts_made.exists():
            return
        self.say("making the demo accounts")
        accounts.make(
            keycloak_url=context.keycloak_url,
            realm=REALM,
            admin_password=context.secrets.keycloak_admin_password,
            passwords=context.secrets.account_passwords,
        )
        write_private(self.data.accounts_made, "")

    def _load_samples(self, context: Context) -> None:
        if self.data.samples_loaded.exists():
            return
        folder = samples.make(self.cache, self.say)
        env = {**context.environment("samples"), **auth_environment(context)}
        samples.load(folder, stack_json=self.data.manifest, env=env)
        write_private(self.data.samples_loaded, "")

    def _write_manifest(self, context: Context, parts: list[Program]) -> dict[str, Any]:
        content = manifest.build(context, parts, self._supervisor.infos())
        manifest.write(context, content)
        return content

    def _tell(self, content: dict[str, Any], *, with_passwords: bool) -> None:
        self.say("")
        self.say(f"open {content['url']}/")
        for account in content["accounts"].values():
            word = account["password"] if with_passwords else "(password in stack.json)"
            self.say(f"  {account['username']:<10} {account['role']:<11} {word}")
        self.say(f"passwords are kept in {self.data.manifest}")

    # -- stop -----------------------------------------------------------------------------------------------

    def down(self) -> None:
        """Stop everything; what is left of an earlier life is ended too."""
        with self._lock():
            self._stop()

    def _stop(self) -> None:
        if self._alive():
            self.say("stopping")
            self._supervisor.shutdown(seconds=_STOP_SECONDS)
            orphans.wait_gone(self.data.root, self.cache.root, seconds=5)
        left = orphans.end_all(self.data.root, self.cache.root)
        if left:
            self.say(f"ended {left} process(es) that did not stop by themselves")
        if self.data.has_memory():
            remove_tree(self.data.memory)

    def reset(self) -> None:
        """Stop everything and delete the stack's data."""
        with self._lock():
            self._refuse_foreign_folder()
            self._stop()
            if self.data.root.exists():
                self._delete()

    def _refuse_foreign_folder(self) -> None:
        if not self.data.is_ours():
            raise CannotGoOn(
                f"{self.data.root} is not empty, and no data folder of a stack.",
                "Look what it is; name another.",
            )

    def _delete(self) -> None:
        """Delete the data; after a kill in the middle the marker has the next command go on with it."""
        write_private(self.data.deleting, "")
        for entry in self.data.root.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                remove_tree(entry)
            elif entry != self.data.deleting:
                entry.unlink()
        self.data.deleting.unlink()
        with contextlib.suppress(OSError):  # a mount point stays
            self.data.root.rmdir()

    # -- look -----------------------------------------------------------------------------------------------

    def info(self) -> dict[str, Any]:
        """Return the content of ``stack.json``."""
        if not self.data.manifest.exists():
            raise CannotGoOn(f"There is no stack at {self.data.root}.", "Start one with `make demo`.")
        return dict(json.loads(self.data.manifest.read_text(encoding="utf-8")))

    def status(self) -> list[status.PartStatus]:
        """Return what runs, looked at now."""
        kept = settings.read(self.data.settings)
        if kept is None or not self.data.secrets.exists():
            return []
        if checks.missing(self.cache):
            raise CannotGoOn(f"{self.cache.root} is not complete.", "`make demo` fetches what is missing.")
        secrets = load_or_make(self.data.secrets, accounts.NAMES)
        context = Context(self.cache, self.data, kept, secrets, software(self.cache, self.say))
        infos = self._supervisor.infos() if self._alive() else {}
        return [
            status.of_part(part, infos.get(part.name), self.data.logs / f"{part.name}.log")
            for part in programs(context)
        ]

    # -- for tests and developers ---------------------------------------------------------------------------

    def pid(self, name: str) -> int:
        """Return the process id of a part now (`info` has that of the last start)."""
        return self._supervisor.infos()[name].pid

    def kill(self, name: str, *, group: bool = True) -> int:
        """Kill a part hard and return the process id that was hit; the supervisor starts it again.

        Parameters
        ----------
        group : bool
            Kill the children too; without it they are left as orphans.
        """
        pid = self.pid(name)
        if group:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
        return pid

    def load_albums(self, file: Path) -> None:
        """Have the albums of a file in the manner of the samples' manifest made; what is there is left."""
        self._run_auth(self._context(None, None), "albums", "load", str(file), what="Making albums")

    def auth_environment(self) -> dict[str, str]:
        """Return what a process of the auth service is started with, for one beside the stack's own."""
        context = self._context(None, None)
        return {**context.environment("bench"), **auth_environment(context)}

    def restart(self, name: str) -> None:
        """Stop a part, start it again and wait until it works."""
        parts = {part.name: part for part in programs(self._context(None, None))}
        if name not in parts:
            raise CannotGoOn(f"There is no part {name!r}.", f"There are: {', '.join(parts)}.")
        self._supervisor.stop_part(name)
        self._supervisor.start_part(name)
        self._wait_for(parts[name])

    def wait(self, name: str) -> None:
        """Wait until a part works again."""
        parts = {part.name: part for part in programs(self._context(None, None))}
        self._wait_for(parts[name])


def last_lines(file: Path, count: int) -> list[str]:
    """Return the last lines of a log."""
    if not file.exists():
        return []
    return file.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
