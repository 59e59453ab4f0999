"""Make the albums of a manifest, through the same use cases as everybody.

It may be stopped and repeated at any point. Each thing is given once: what somebody has taken back since - a
member's rights, a series, the album itself - is not given again because a stack is started again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from auth_service.albums import ledger
from auth_service.albums.making import create_album
from auth_service.albums.members import Rights, add_member
from auth_service.errors import Conflict, Invalid
from auth_service.policy.model import SYSTEM
from auth_service.store import albums as albums_table
from auth_service.store import audit as audit_table
from auth_service.store import contents as contents_table
from auth_service.vocabulary import Action, AlbumRole, AuditEvent, ChangeVerb, album_label
from auth_service.world import World


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class MemberEntry(_Part):
    """A person who gets rights in an album."""

    user: str
    actions: tuple[Action, ...]


class AlbumEntry(_Part):
    """An album to make."""

    slug: str
    title: str
    description: str = ""
    owner: str
    members: tuple[MemberEntry, ...] = ()
    series: tuple[str, ...] = ()


class Manifest(_Part):
    """What is read of a manifest; the rest of it is for others."""

    albums: tuple[AlbumEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What came of one album."""

    slug: str
    created: bool
    members: int
    added: int
    present: int
    failed: tuple[ledger.Failure, ...]
    left_alone: bool = False
    """Its owners deleted or archived it: nothing was done."""


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; raises `OSError` or pydantic's ``ValidationError``."""
    return Manifest.model_validate_json(path.read_bytes())


def load_albums(world: World, manifest: Manifest, *, say: Callable[[Loaded], None]) -> bool:
    """Make what is missing of the albums of a manifest; tell whether everything is there.

    Parameters
    ----------
    world : World
    manifest : Manifest
    say : callable
        Told of each album as it is done.

    Raises
    ------
    ServiceError
        If a name is unknown, or Orthanc or Keycloak does not answer; it can be repeated.

    """
    ledger.resume_all(world)
    complete = True
    for entry in manifest.albums:
        loaded = _load(world, entry)
        say(loaded)
        complete = complete and not loaded.failed
    return complete


def _load(world: World, entry: AlbumEntry) -> Loaded:
    with world.store.read() as tx:
        album = albums_table.album(tx, entry.slug)
        taken = albums_table.slug_is_taken(tx, entry.slug)
    exists = album is not None
    if taken and (album is None or album.archived_at is not None):
        return Loaded(
            slug=entry.slug, created=False, members=0, added=0, present=0, failed=(), left_alone=True
        )
    if not exists:
        made = create_album(
            world,
            actor=SYSTEM,
            title=entry.title,
            description=entry.description,
            slug=entry.slug,
            owner=entry.owner,
        )
        if made != entry.slug:
            raise Invalid("slug", "No album can be called {slug}.", slug=entry.slug)
    members = sum(_give(world, entry.slug, member) for member in entry.members)
    missing = _missing(world, entry)
    failed: tuple[ledger.Failure, ...] = ()
    left_out = 0
    if missing:
        change = ledger.begin(world, actor=SYSTEM, album=entry.slug, verb=ChangeVerb.ADD, series=missing)
        report = ledger.run(world, change=change)
        failed, left_out = report.failed, report.failed_total
    return Loaded(
        slug=entry.slug,
        created=not exists,
        members=members,
        added=len(missing) - left_out,
        present=len(entry.series) - len(missing),
        failed=failed,
    )


def _give(world: World, slug: str, member: MemberEntry) -> bool:
    """Give a member his rights, unless he has or had any; tell whether he got them now."""
    person = world.directory.person(member.user)
    if person is None:
        raise Invalid("members", "Nobody has the user name {name}.", name=member.user)
    with world.store.read() as tx:
        if _is_forgotten(tx, world, slug):
            return False
        given = audit_table.of_label(tx, label=album_label(slug), event=AuditEvent.MEMBER_ADDED)
    subject = person.subject_id
    if any(record.details["after"]["subject"]["id"] == subject for record in given):
        return False
    rights = Rights(role=AlbumRole.MEMBER, actions=frozenset(member.actions))
    try:
        add_member(world, actor=SYSTEM, slug=slug, user=member.user, rights=rights)
    except Conflict:
        return False
    return True


def _is_forgotten(tx: Session, world: World, slug: str) -> bool:
    """Tell whether the audit may no longer know whom an album was given to: then nobody gets it again."""
    album, days = albums_table.album(tx, slug), world.settings.audit_keep_days
    return album is not None and days is not None and world.clock() - album.created_at >= timedelta(days=days)


def _missing(world: World, entry: AlbumEntry) -> list[str]:
    """Return the series that were never put in, or that lost their label with the archive's storage."""
    label = album_label(entry.slug)
    with world.store.read() as tx:
        album = albums_table.album(tx, entry.slug)
        if album is None:
            return []
        ever = contents_table.ever_added(tx, album.id)
        contents = contents_table.contents(tx, album.id)
    rows = world.archive.find(
        {
            "Level": "Series",
            "Query": {},
            "Labels": [label],
            "LabelsConstraint": "Any",
            "ResponseContent": [],
            "RequestedTags": ["SeriesInstanceUID"],
        }
    )
    labelled = {row["RequestedTags"]["SeriesInstanceUID"] for row in rows}
    return [uid for uid in entry.series if uid not in ever or (uid in contents and uid not in labelled)]
