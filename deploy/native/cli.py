"""The command line that `make` calls."""

import argparse
import json
import os
import sys
from pathlib import Path

from deploy.native import aptroot, checks, environment, status
from deploy.native.errors import CannotGoOn
from deploy.native.files import locked
from deploy.native.paths import Cache
from deploy.native.programs import software
from deploy.native.stack import Stack, last_lines

_LOG_LINES = 30


def say(text: str) -> None:
    """Print a line of progress at once, also into a pipe."""
    print(text, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.native", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("up", "set up what is missing, start, load the sample data, print the address"),
        ("down", "stop"),
        ("status", "say what runs"),
        ("logs", "print the end of each log"),
        ("reset", "stop and delete the stack's data"),
        ("setup", "fetch what is missing, start nothing"),
        ("restart", "stop and start one part"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--stack", default="demo", help="name of the stack (demo)")
        command.add_argument("--data", type=Path, help="its data folder (var/NAME)")
        _own_arguments(name, command)
    return parser


def _own_arguments(name: str, command: argparse.ArgumentParser) -> None:
    if name == "up":
        command.add_argument("--port", type=int, help="published port, at first set-up (8080 or a free one)")
        command.add_argument("--profile", help="profile, at first set-up (default)")
        command.add_argument("--no-samples", action="store_true", help="load no sample data")
        command.add_argument("--dicom-peers", type=Path, help="a list of who may send by DICOM, to be kept")
    elif name == "status":
        command.add_argument("--format", choices=("text", "json"), default="text")
    elif name == "logs":
        command.add_argument("--follow", action="store_true", help="go on printing what is written")
        command.add_argument("parts", nargs="*", help="which parts (all)")
    elif name == "reset":
        command.add_argument("--yes", action="store_true", help="do not ask")
    elif name == "setup":
        command.add_argument("--with-tests", action="store_true", help="also what only the tests need")
    elif name == "restart":
        command.add_argument("part")


def main(words: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    arguments = _parser().parse_args(words)
    try:
        stack = Stack(arguments.data, arguments.stack, say=say)
        return int(_COMMANDS[arguments.command](stack, arguments) or 0)
    except CannotGoOn as stop:
        print(f"\n{stop.problem}\n{stop.remedy}", file=sys.stderr, flush=True)
        return 2
    except KeyboardInterrupt:
        print("\nstopped by you; run the same command again to go on", file=sys.stderr)
        return 130


def _up(stack: Stack, arguments: argparse.Namespace) -> None:
    stack.up(
        port=arguments.port,
        profile=arguments.profile,
        with_samples=not arguments.no_samples,
        dicom_peers=arguments.dicom_peers,
    )


def _down(stack: Stack, _: argparse.Namespace) -> None:
    stack.down()
    say("stopped")


def _status(stack: Stack, arguments: argparse.Namespace) -> int:
    rows = stack.status()
    if arguments.format == "json":
        say(json.dumps(status.as_json(rows), indent=2))
    else:
        say(status.as_text(rows) if rows else f"There is no stack at {stack.data.root}.")
    return 0 if rows and all(row.health == "ok" for row in rows) else 1


def _logs(stack: Stack, arguments: argparse.Namespace) -> None:
    files = [
        file
        for file in sorted(stack.data.logs.glob("*.log"))
        if not arguments.parts or file.stem in arguments.parts
    ]
    if not files:
        raise CannotGoOn(f"There are no such logs in {stack.data.logs}.", "Start a stack with `make demo`.")
    if arguments.follow:
        sys.stdout.flush()
        os.execvpe("tail", ["tail", "-n", "5", "-F", *map(str, files)], environment.base())  # noqa: S606
    for file in files:
        say(f"==> {file}")
        say("\n".join(last_lines(file, _LOG_LINES)) + "\n")


def _reset(stack: Stack, arguments: argparse.Namespace) -> int:
    if not arguments.yes:
        if not sys.stdin.isatty():
            raise CannotGoOn(f"This deletes {stack.data.root}.", "Say YES=1 if that is what you want.")
        answer = input(f"Delete the stack {stack.data.name} and all its data in {stack.data.root}? [yes/no] ")
        if answer.strip().lower() != "yes":
            say("nothing was changed")
            return 1
    stack.reset()
    say(f"{stack.data.root} is deleted; downloads are kept in {stack.cache.root}")
    return 0


def _setup(stack: Stack, arguments: argparse.Namespace) -> None:
    cache = Cache.default()
    extra = (aptroot.SAMPLES, aptroot.CHROMIUM, aptroot.DCMTK) if arguments.with_tests else (aptroot.SAMPLES,)
    checks.machine()
    checks.before_fetching(cache, extra)
    with locked(cache.lock, waiting=lambda: say("another set-up is filling the cache; waiting for it")):
        software(cache, say)
        for packages in extra:
            aptroot.get(cache, packages, say)
    say(f"everything is in {cache.root}; stack {stack.data.name} can be started")


def _restart(stack: Stack, arguments: argparse.Namespace) -> None:
    stack.restart(arguments.part)


_COMMANDS = {
    "up": _up,
    "down": _down,
    "status": _status,
    "logs": _logs,
    "reset": _reset,
    "setup": _setup,
    "restart": _restart,
}
