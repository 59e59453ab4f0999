"""Write an explanation as lines for a terminal: English, like the rest of the command line."""

from collections.abc import Iterator

from auth_service.explaining.model import AlbumName, Credential, Explanation, GrantStep, Target, Thing, Way
from auth_service.vocabulary import Level


def lines(told: Explanation) -> Iterator[str]:
    """Yield the verdict, the steps as they are taken, and what would let him in."""
    named = told.credential.username or told.credential.id or told.credential.kind
    action = f"{told.action} " if told.action else ""
    yield f"{named}: {action}{told.asked} -> {told.status} {told.outcome}. {told.reason.sentence}"
    if told.record:
        record = told.record
        yield f"On record: {record.at:%Y-%m-%d %H:%M:%S} {record.event} {record.reason or ''}".rstrip()
    yield ""
    for number, (step, words, result) in enumerate(_steps(told), start=1):
        yield f"{number:>2} {step:<10} {words} -> {result}"
    if told.ways:
        yield ""
        yield "What would let him in:"
        yield from (f" - {_way(way)}" for way in told.ways)
    if told.others:
        yield ""
        yield f"The address also names: {', '.join(told.others)}"


def _steps(told: Explanation) -> Iterator[tuple[str, str, str]]:
    credential = told.credential
    yield "credential", _credential(credential), str(credential.refused or "good")
    if told.target:
        yield "target", _target(told.target), str(told.action or told.reason)
    if told.thing:
        yield "resource", _thing(told.thing), _found(told.thing, told)
    for grant in told.grants:
        yield "grant", _grant(grant), f"{grant.outcome}{' (decided)' if grant.decided else ''}"
    yield "decision", told.rule or "nothing matches", f"{told.outcome} ({told.reason})"


def _credential(credential: Credential) -> str:
    parts = [f"{credential.kind} {credential.id} {credential.name}".strip()]
    if credential.by_bearer:
        parts.append("by a token of Keycloak")
    if credential.roles:
        parts.append(f"roles {', '.join(credential.roles)}")
    if credential.groups:
        parts.append(f"groups {', '.join(credential.groups)}")
    if credential.sessions is not None:
        parts.append(f"{credential.sessions} live session(s)")
    if credential.session_ended:
        parts.append(f"that of the request has ended ({credential.session_ended})")
    if credential.actions is not None:
        where = "all albums" if credential.albums is None else ", ".join(credential.albums)
        parts.append(f"leaves {', '.join(credential.actions)} in {where} until {credential.until}")
    return "; ".join(parts)


def _target(target: Target) -> str:
    if target.row is None:
        return f"{target.path}: {'parameter ' + target.parameter if target.parameter else 'no row'}"
    return f"{target.route} ({target.row}, {target.way})"


def _thing(thing: Thing) -> str:
    if thing.level is Level.SYSTEM:
        return "the installation as a whole"
    if not thing.series:
        return f"{thing.level} {thing.uid}"
    shown = [f"{one.uid} [{', '.join(one.labels) or 'no label'}]" for one in thing.series]
    return f"{thing.level} {thing.uid} of study {thing.study}: {'; '.join(shown)}"


def _found(thing: Thing, told: Explanation) -> str:
    if not thing.series:
        return str(told.reason)
    return f"{sum(one.allowed for one in thing.series)} of {len(thing.series)} series permitted"


def _grant(grant: GrantStep) -> str:
    to = f"group {grant.group}: " if grant.group else f"role {grant.role}: " if grant.role else ""
    where = _album(grant.album) if grant.album else grant.label
    until = f" until {grant.until}" if grant.until else ""
    only = f" of {', '.join(grant.modalities)}" if grant.modalities is not None else ""
    return f"{grant.source}: {to}{', '.join(grant.actions)} in {where}{only}{until}"


def _way(way: Way) -> str:
    where = _album(way.album) if way.album else way.label
    parts = [way.kind.sentence]
    if way.action and where:
        parts.append(f"({way.action} in {where})")
    if way.ended:
        parts.append(f"It was over after {way.ended}.")
    if way.token_too:
        parts.append("And a token that leaves it.")
    return " ".join(parts)


def _album(album: AlbumName) -> str:
    owners = f"; owner: {', '.join(album.owners)}" if album.owners else ""
    return f"{album.title} [{album.slug}{owners}]"
