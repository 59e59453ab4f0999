"""Look at rules files from the command line: what is wrong with one, and what one would change."""

import sys
from collections.abc import Iterable
from pathlib import Path

from auth_service.clock import system_clock
from auth_service.errors import ServiceError
from auth_service.policy.rules import Remark
from auth_service.rules import review as rules_review
from auth_service.rules.review import Difference
from auth_service.world import World

_UNASKED = {
    "keycloak": "Keycloak could not be asked: whom the names mean was not checked.",
    "orthanc": "Orthanc could not be asked: whether anything carries the labels was not checked.",
}


def check(world: World | None, file: Path) -> int:
    """Say what is wrong with a file; 0: nothing, 1: it could not be taken, 2: it cannot be read."""
    text = _text(file)
    if text is None:
        return 2
    review = rules_review.check(world, text, at=world.clock() if world else system_clock())
    _say(file, "problem", review.problems)
    _say(file, "warning", review.warnings)
    for part in review.unasked:
        print(_UNASKED[part])
    if review.problems:
        return 1
    print(f"{file}: {len(review.rules)} rule(s), {len(review.warnings)} warning(s)")
    return 0


def diff(world: World, old: Path, new: Path) -> int:
    """Say who gains and loses what; 0: said, 1: a file could not be taken, 2: it could not be found out."""
    texts = [_text(file) for file in (old, new)]
    if None in texts:
        return 2
    reviews = [rules_review.check(None, text or "", at=world.clock()) for text in texts]
    for file, review in zip((old, new), reviews, strict=True):
        _say(file, "problem", review.problems)
    if any(review.problems for review in reviews):
        return 1
    try:
        found = rules_review.differences(world, *(review.rules for review in reviews), at=world.clock())
    except ServiceError as error:
        print(error.message.format(**error.places), file=sys.stderr)
        return 2
    for one in found:
        print(_sentence(one))
    if not found:
        print("Nobody gains or loses anything.")
    return 0


def _text(file: Path) -> str | None:
    try:
        return file.read_bytes().decode()
    except OSError as error:
        print(f"{file} cannot be read: {error.strerror}.", file=sys.stderr)
    except UnicodeDecodeError:
        print(f"{file} is not written in UTF-8.", file=sys.stderr)
    return None


def _say(file: Path, kind: str, remarks: Iterable[Remark]) -> None:
    for one in remarks:
        place = f"{file}:{one.place.line}:{one.place.column}"
        print(f"{place}: {kind}: {one.message.format(**one.places)}")


def _sentence(one: Difference) -> str:
    name = f"{one.person.username} ({one.person.name})" if one.person.name else one.person.username
    changes = [
        f"{verb} {one.action} on {count} {'study' if count == 1 else 'studies'}"
        for verb, count in (("gains", one.gained), ("loses", one.lost))
        if count
    ]
    return f"{name}: {', '.join(changes)}"
