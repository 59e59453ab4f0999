"""The command line: ``make`` the samples, ``load`` them into a stack, tell their ``key``."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.native import environment
from deploy.native.errors import CannotGoOn
from deploy.samples import load, sources
from deploy.samples.library import Library
from deploy.samples.make import Places, all_studies, fingerprint, is_complete, make
from deploy.samples.progress import Progress

_INSTALLED = Path("/usr/share/doc/invesalius-examples/examples")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "make":
            _make(options.out, options.invesalius, options.cache)
        elif options.command == "load":
            _load(options.stack_json, options.samples, options.auth_environment, albums=not options.no_albums)
        else:
            print(fingerprint())
    except CannotGoOn as error:
        print(f"{error.problem}\n{error.remedy}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.samples", description="Sample data of the demo.")
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make", help="write DICOM files and their manifest")
    making.add_argument("--out", type=Path, required=True, help="folder to write into")
    making.add_argument(
        "--invesalius",
        type=Path,
        default=_INSTALLED,
        help="folder into which invesalius-examples was unpacked",
    )
    making.add_argument(
        "--cache", type=Path, default=environment.cache_folder(), help="folder in which downloads are kept"
    )
    loading = commands.add_parser("load", help="send the files to Orthanc and make the albums")
    loading.add_argument("--stack-json", type=Path, required=True, help="stack.json of a running stack")
    loading.add_argument("--samples", type=Path, required=True, help="folder that `make` wrote")
    loading.add_argument(
        "--auth-environment", type=Path, help="file of KEY=VALUE lines: settings of the auth service"
    )
    loading.add_argument("--no-albums", action="store_true", help="send the files only")
    commands.add_parser("key", help="print a name for what `make` would write now")
    return parser


def _make(out: Path, invesalius: Path, cache: Path) -> None:
    if is_complete(out):
        print(f"The sample data are there: {out}")
        return
    started = time.monotonic()
    library = Library(sources.find_cranium(invesalius), sources.fetch_nilearn(cache))
    studies = all_studies()
    progress = Progress("Making sample data")
    progress.start(len(studies))
    result = make(out, Places(library, sources.pydicom_files()), studies, progress.advance)
    progress.finish()
    print(f"{len(result.files)} DICOM files in {out} ({time.monotonic() - started:.0f} s)")


def _load(stack_json: Path, samples: Path, auth_environment: Path | None, *, albums: bool) -> None:
    access = load.orthanc_access(stack_json)
    values = None if auth_environment is None else load.read_environment(auth_environment)
    started = time.monotonic()
    sent = load.send(samples, access, Progress("Loading images"))
    seconds = time.monotonic() - started
    print(f"{sent.stored} images stored, {sent.present} were there ({seconds:.0f} s)")
    if albums:
        load.make_albums(samples, values)
