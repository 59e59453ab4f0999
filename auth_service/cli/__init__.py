"""The command line: migrate, serve, load albums, reconcile them, look at rules and the audit, explain."""

import argparse
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from auth_service.albums import loading
from auth_service.albums.counting import Counter
from auth_service.albums.members.expiring import Expirer
from auth_service.albums.resuming import Resumer
from auth_service.archive import Archive, OrthancArchive
from auth_service.audit.chaining import Chainer
from auth_service.cli import audit as cli_audit
from auth_service.cli import dicom as cli_dicom
from auth_service.cli import reconcile as cli_reconcile
from auth_service.cli import rules as rules_cli
from auth_service.clock import Clock, system_clock
from auth_service.credentials.provider import KeycloakProvider
from auth_service.credentials.watching import Watcher
from auth_service.deidentifying.sweeping import Sweeper
from auth_service.directory import Directory, KeycloakDirectory
from auth_service.errors import ServiceError
from auth_service.explaining.explain import explain
from auth_service.explaining.text import lines
from auth_service.http.app import create_app
from auth_service.http.documents.explanations import ExplanationDocument
from auth_service.http.server import run
from auth_service.incoming.receiving import Receiver
from auth_service.policy.model import SYSTEM
from auth_service.rules import RulesFile
from auth_service.settings import Settings, SettingsError, read
from auth_service.store.database import Store
from auth_service.uploads.tending import Tender
from auth_service.vocabulary import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandWorld:
    """What a command works with: the real database, Orthanc, Keycloak and time."""

    settings: Settings
    store: Store
    archive: Archive
    directory: Directory
    rules: RulesFile
    clock: Clock


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0 done, 1 not all of it, 2 it could not begin."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    # httpx would log the address of every question to Orthanc and Keycloak.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if options.command == "rules":
        return _rules(options)
    if options.command == "dicom":
        return cli_dicom.check(options.file)
    try:
        settings = read()
    except SettingsError as error:
        print(f"The settings cannot be used:\n{error}", file=sys.stderr)
        return 2
    commands: Mapping[str, Callable[[], int]] = {
        "migrate": lambda: _migrate(settings),
        "serve": lambda: _serve(settings),
        "audit": lambda: cli_audit.run(settings, options, say=_print),
        "explain": lambda: _explain(settings, options),
        "reconcile": lambda: _reconcile(settings, options),
        "albums": lambda: _load(settings, options.file),
    }
    return commands[options.command]()


def _print(line: str, *, error: bool = False, end: str = "\n") -> None:
    print(line, file=sys.stderr if error else sys.stdout, end=end)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m auth_service",
        description="The auth service of the portal. Settings come from the environment (AUTH_...).",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring the database to the newest schema")
    commands.add_parser("serve", help="serve until told to stop")
    albums = commands.add_parser("albums", help="work on albums").add_subparsers(dest="verb", required=True)
    load = albums.add_parser("load", help="make what is missing of the albums of a manifest")
    load.add_argument("file", type=Path, metavar="FILE", help="manifest.json of the samples")
    cli_audit.add_to(commands)
    cli_reconcile.add_to(commands)
    rules = commands.add_parser("rules", help="look at rules files").add_subparsers(
        dest="verb", required=True
    )
    check = rules.add_parser("check", help="say what is wrong with a rules file")
    check.add_argument("file", type=Path, metavar="FILE")
    diff = rules.add_parser("diff", help="say who would gain and lose what")
    diff.add_argument("old", type=Path, metavar="OLD")
    diff.add_argument("new", type=Path, metavar="NEW")
    dicom = commands.add_parser("dicom", help="look at the list of DICOM senders").add_subparsers(
        dest="verb", required=True
    )
    dicom_check = dicom.add_parser("check", help="say what is wrong with a list")
    dicom_check.add_argument("file", type=Path, metavar="FILE")
    why = commands.add_parser("explain", help="say why somebody gets something, or does not")
    why.add_argument("--actor", metavar="WHO", help="a subject, a user name, token:ID or nobody")
    why.add_argument("--action", choices=[str(action) for action in Action], metavar="ACTION")
    why.add_argument(
        "--resource",
        required=True,
        metavar="WHAT",
        help="an address, a path, a UID, the slug of an album, or the number of a request",
    )
    why.add_argument("--json", action="store_true", help="as GET /api/explain writes it")
    return parser


@contextmanager
def _world(settings: Settings) -> Iterator[CommandWorld]:
    archive = OrthancArchive(
        url=settings.orthanc_url,
        username=settings.orthanc_username,
        password=settings.orthanc_password.get_secret_value(),
        timeout=settings.orthanc_timeout_seconds,
        public_url=settings.public_url,
    )
    store = Store(settings.database_url)
    directory = KeycloakDirectory(settings)
    try:
        yield CommandWorld(
            settings=settings,
            store=store,
            archive=archive,
            directory=directory,
            rules=RulesFile(settings=settings, store=store, directory=directory, clock=system_clock),
            clock=system_clock,
        )
    finally:
        store.close()
        archive.close()


def _rules(options: argparse.Namespace) -> int:
    """Look at rules files; to check one, the settings need not be there."""
    try:
        settings = read()
    except SettingsError as error:
        if options.verb == "check":
            return rules_cli.check(None, options.file)
        print(f"The settings cannot be used:\n{error}", file=sys.stderr)
        return 2
    with _world(settings) as world:
        if options.verb == "check":
            return rules_cli.check(world, options.file)
        return rules_cli.diff(world, options.old, options.new)


def _migrate(settings: Settings) -> int:
    store = Store(settings.database_url)
    store.migrate()
    store.close()
    return 0


def _serve(settings: Settings) -> int:
    with _world(settings) as world:
        app = create_app(
            settings=settings,
            store=world.store,
            archive=world.archive,
            provider=KeycloakProvider(settings),
            directory=world.directory,
            clock=world.clock,
        )
        chainer = Chainer(settings=settings, store=world.store, clock=world.clock)
        watcher = Watcher(app.state.services.sessions.checker)
        chores = (
            Resumer(world),
            Tender(world),
            Counter(world),
            Receiver(world),
            Expirer(world),
            Sweeper(world),
        )
        with ExitStack() as running:
            for one in (chainer, *chores, watcher):
                running.enter_context(one)
            run(app, listen=settings.listen, backchannel_listen=settings.backchannel_listen)
    return 0


def _load(settings: Settings, path: Path) -> int:
    try:
        manifest = loading.read_manifest(path)
    except OSError as error:
        print(f"{path} cannot be read: {error.strerror}.", file=sys.stderr)
        return 2
    except ValidationError as error:
        print(f"{path} is not a manifest: {error}", file=sys.stderr)
        return 2
    with _world(settings) as world:
        try:
            complete = loading.load_albums(world, manifest, say=_say)
        except ServiceError as error:
            print(error.message.format(**error.places), file=sys.stderr)
            return 1
    return 0 if complete else 1


def _reconcile(settings: Settings, options: argparse.Namespace) -> int:
    with _world(settings) as world:
        return cli_reconcile.run(world, options, say=_print)


def _explain(settings: Settings, options: argparse.Namespace) -> int:
    with _world(settings) as world:
        try:
            told = explain(
                world,
                asker=SYSTEM,
                actor=options.actor,
                action=options.action,
                resource=options.resource,
            )
        except ServiceError as error:
            print(error.message.format(**error.places), file=sys.stderr)
            return 1
    if options.json:
        print(ExplanationDocument.model_validate(told).model_dump_json(indent=2))
    else:
        print("\n".join(lines(told)))
    return 0


def _say(loaded: loading.Loaded) -> None:
    if loaded.left_alone:
        print(f"album {loaded.slug}: left alone, its owners deleted or archived it", flush=True)
        return
    print(
        f"album {loaded.slug}: {'made' if loaded.created else 'was there'},"
        f" {loaded.added} series put in, {loaded.present} were there, {loaded.members} members invited",
        flush=True,
    )
    for failure in loaded.failed:
        print(f"  not put in: {failure.uid} ({failure.reason})", flush=True)
