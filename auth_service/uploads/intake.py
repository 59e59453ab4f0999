"""Take images into an album, one at a time: nothing that exists is taken over, and the intent comes first.

An image may come into a series that is in the album, and so may a new series of a study of which the album
holds something, or he who sends it sees something. Whatever else of it the archive has already is not his to
add to, and looks the same whoever holds it: the answer tells that it exists, and of whom nothing. What the
archive has as a whole, image for image, it does not take again; that too says nothing of who has it.

An image never changes where another one is found: an identifier that exists in another series, study or
patient is refused, because both would be ambiguous from then on and served to nobody.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from pydicom import dcmread

from auth_service.albums import receiving
from auth_service.albums.rights import check_open_to, on_record
from auth_service.archive import NotAccepted, orthanc_id, type_of_level, uid_of_level
from auth_service.deidentifying import keeping
from auth_service.deidentifying.core import Held, Refused, deidentify
from auth_service.deidentifying.holding import hold
from auth_service.deidentifying.profile import Profile
from auth_service.errors import NotFound
from auth_service.grants import grants_of
from auth_service.origin import Origin
from auth_service.policy.engine import visible
from auth_service.policy.model import Actor, Nothing
from auth_service.search.narrowing import resource_of
from auth_service.store import albums as albums_table
from auth_service.targets import VIEWER_CLASSES
from auth_service.uploads import dicom
from auth_service.uploads.dicom import Head, Unfit
from auth_service.vocabulary import Action, Level, LineFailure, album_label
from auth_service.world import World

_LOCKS = [threading.Lock() for _ in range(256)]
"""For what must not be looked up and stored by two at once; each identifier has its own, mostly."""

_CLEANING = threading.BoundedSemaphore(2)
"""De-identifying takes a file into memory, several times over: so many at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came of one file."""

    name: str
    head: Head | None = None
    """``None``: it could not be read."""
    why: LineFailure | None = None
    """Why it is not in the album; ``None``: it is."""
    changed: bool = False
    """Whether what is in the album is another than what came: it is de-identified."""
    grew: bool = False
    """Whether its series was in the album before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Takes images into one album for one upload.

    Parameters
    ----------
    world : World
    actor : Actor
        Who sends them; his rights are looked at again for each new series.
    slug : str
        The album's.
    change : str
        The change of the album that is receiving (``albums/receiving.py``).
    action : Action
        By which right: ``upload``, or ``annotate``, which is enough for what a viewer makes of the album's
        images - segmentations, reports, presentation states -, each as a series of its own.
    origin : Origin
    study : str, optional
        StudyInstanceUID of the only study that is meant.
    released : bool
        Whether an owner has looked at what comes, which is de-identified already.

    """

    world: World
    actor: Actor
    slug: str
    change: str
    action: Action
    origin: Origin
    study: str | None = None
    released: bool = False

    def take(self, file: Path, name: str) -> Taken:
        """Take one file.

        Raises
        ------
        NotFound, Forbidden, Conflict
            If he may not put anything in any more, or the upload was ended.
        Unavailable
            If Orthanc or the database does not answer: taking it again is harmless.

        """
        try:
            head = dicom.read(file)
        except Unfit as unfit:
            return Taken(name=name, why=unfit.why)
        if self.study is not None and head.study != self.study:
            return Taken(name=name, head=head, why=LineFailure.WRONG_STUDY)
        profile = self._profile()
        if profile is None:
            return _taken(name, head, came=self._take(head, file, cleaned=False))
        return self._take_cleaned(head, file, name, profile)

    def _profile(self) -> Profile | None:
        """Return how the album de-identifies what comes; ``None``: it is taken as it is."""
        if self.released:
            return None
        with self.world.store.read() as tx:
            album = albums_table.album(tx, self.slug)
            return keeping.of_album(tx, self.world, album) if album is not None else None

    def _take_cleaned(self, head: Head, file: Path, name: str, profile: Profile) -> Taken:
        """De-identify a file, and take what comes of it."""
        with _CLEANING:
            outcome = deidentify(dcmread(file), profile)
        if isinstance(outcome, Refused):
            return Taken(name=name, head=head, why=LineFailure.NOT_DEIDENTIFIABLE)
        if isinstance(outcome, Held):
            with self.world.store.read() as tx:
                album = albums_table.album(tx, self.slug)
            if album is None:
                raise NotFound
            hold(self.world, album=album, held=outcome, actor=self.actor, origin=self.origin)
            return Taken(name=name, head=head, why=LineFailure.HELD)
        cleaned = dicom.head_of(outcome.dataset)
        with NamedTemporaryFile(dir=file.parent, prefix="cleaned-") as out:
            out.write(outcome.file)
            out.flush()
            came = self._take(cleaned, Path(out.name), cleaned=True)
        return _taken(name, head if isinstance(came, LineFailure) else cleaned, came=came, changed=True)

    def _take(self, head: Head, file: Path, *, cleaned: bool) -> bool | LineFailure:
        """Take an image, and tell whether its series was in the album before; or why it is not taken."""
        if self._annotates and head.sop_class not in VIEWER_CLASSES:
            return LineFailure.FORBIDDEN
        with _alone(head.sop):
            there = self._there(head)
            if there:
                return self._put(head, file, there=there, cleaned=cleaned)
        # Into a series that begins nobody else may put anything meanwhile; it is looked up once more.
        with _alone(head.study, head.series, head.sop):
            return self._put(head, file, there=self._begins(head), cleaned=cleaned)

    def _there(self, head: Head) -> bool | LineFailure | None:
        """Tell whether its series is in the album, ``None`` if there is none; or why it cannot come."""
        return self._of_image(head) or self._series(head)

    def _begins(self, head: Head) -> bool | LineFailure:
        """Tell as `_there`, for a series that is not in the album yet: whether it is by now, or may come."""
        there = self._there(head)
        if there is None:
            return self._study(head) or False
        if there is False:
            # Something of it came by this very upload, and has no label yet; or it is somebody else's.
            mine = receiving.label_before(self.world, change=self.change, series=head.series)
            return True if mine else LineFailure.TAKEN
        return there

    def _put(self, head: Head, file: Path, *, there: bool | LineFailure, cleaned: bool) -> bool | LineFailure:
        if isinstance(there, LineFailure):
            return there
        if not self._goes_in(head, new=not there, cleaned=cleaned):
            return LineFailure.NOT_DEIDENTIFIABLE
        return self._store(head, file, new=not there) or there

    def _of_image(self, head: Head) -> LineFailure | None:
        """Say why an image cannot come, because there is one that is called the same."""
        rows = self._find(Level.INSTANCE, head.sop, "SeriesInstanceUID", "StudyInstanceUID", "PatientID")
        if not rows:
            return None
        wanted = {(head.series, head.study, head.patient)}
        there = {
            (tags["SeriesInstanceUID"], tags["StudyInstanceUID"], (tags["PatientID"] or "").strip())
            for tags in (row["RequestedTags"] for row in rows)
        }
        return LineFailure.PRESENT if there == wanted else LineFailure.TAKEN

    def _series(self, head: Head) -> bool | LineFailure | None:
        """Tell whether the series is in the album, ``None`` where there is none; or why it takes no image."""
        rows = self._find(Level.SERIES, head.series, "StudyInstanceUID", "PatientID")
        if not rows:
            return None
        if len(rows) > 1 or rows[0]["RequestedTags"]["StudyInstanceUID"] != head.study:
            return LineFailure.TAKEN
        labelled = album_label(self.slug) in rows[0]["Labels"]
        if labelled and self._annotates:
            return LineFailure.FORBIDDEN
        if not _is_of(rows[0], head):
            return LineFailure.WRONG_PATIENT if labelled else LineFailure.TAKEN
        return labelled

    def _study(self, head: Head) -> LineFailure | None:
        """Say why a new series cannot come into its study."""
        rows = self._find(Level.STUDY, head.study, "PatientID")
        in_album = any(album_label(self.slug) in row["Labels"] for row in rows)
        if self._annotates and not in_album:
            return LineFailure.FORBIDDEN
        if not rows:
            return None
        if len(rows) > 1 or not (in_album or self._sees(rows[0])):
            return LineFailure.TAKEN
        return None if _is_of(rows[0], head) else LineFailure.WRONG_PATIENT

    @property
    def _annotates(self) -> bool:
        return self.action is Action.ANNOTATE

    def _sees(self, study: dict[str, Any]) -> bool:
        """Tell whether he who sends it may look at any series of a study."""
        with self.world.store.read() as tx:
            grants = grants_of(tx, self.world, self.actor)
        visibility = visible(self.actor, Action.VIEW, grants=grants, at=self.world.clock())
        if isinstance(visibility, Nothing):
            return False
        labels = {study["ID"]: frozenset(study["Labels"])}
        series = self.world.archive.find(
            {
                "Level": type_of_level[Level.SERIES],
                "Query": {"StudyInstanceUID": study["RequestedTags"]["StudyInstanceUID"]},
                "ResponseContent": ["Labels", "Parent"],
                "RequestedTags": ["Modality"],
            }
        )
        return any(visibility.opens(resource_of(one, labels)) for one in series)

    def _goes_in(self, head: Head, *, new: bool, cleaned: bool) -> bool:
        """Look at rights, upload and album once more, as what came before may have taken hours; and intend.

        ``False``: the album de-identifies since this file was read as it is.
        """
        store = self.world.store
        with (
            on_record(self.world, actor=self.actor, origin=self.origin),
            store.write() if new else store.read() as tx,
        ):
            album = check_open_to(tx, self.world, actor=self.actor, action=self.action, slug=self.slug)
            if not (cleaned or self.released) and keeping.of_album(tx, self.world, album) is not None:
                return False
            if new:
                receiving.intend(
                    tx, self.world, change=self.change, series=head.series, instance=_orthanc_id(head)
                )
            else:
                receiving.check_receiving(tx, self.change)
        return True

    def _store(self, head: Head, file: Path, *, new: bool) -> LineFailure | None:
        try:
            stored = self.world.archive.store(file)
        except NotAccepted:
            self._did_not_come(head, new=new)
            return LineFailure.NOT_ACCEPTED
        if not stored.new:
            self._did_not_come(head, new=new)
            return LineFailure.PRESENT
        if stored.id != _orthanc_id(head):
            # It was read as something else than was judged.
            self.world.archive.delete_instance(stored.id)
            self._did_not_come(head, new=new)
            return LineFailure.NOT_ACCEPTED
        if new and not receiving.arrived(
            self.world, change=self.change, series=head.series, instance=stored.id
        ):
            # Something of it came from elsewhere at the same moment.
            self.world.archive.delete_instance(stored.id)
            self._did_not_come(head, new=new)
            return LineFailure.TAKEN
        return None

    def _did_not_come(self, head: Head, *, new: bool) -> None:
        if new:
            with self.world.store.write() as tx:
                receiving.did_not_come(tx, change=self.change, series=head.series)

    def _find(self, level: Level, uid: str, *tags: str) -> list[dict[str, Any]]:
        """Ask for all that has an identifier, hidden or not: what comes of it is told in one word."""
        keyword = uid_of_level[level]
        rows = self.world.archive.find(
            {
                "Level": type_of_level[level],
                "Query": {keyword: uid},
                "ResponseContent": ["Labels", "Parent"] if level is not Level.INSTANCE else [],
                "RequestedTags": [keyword, *tags],
            }
        )
        return [row for row in rows if row["RequestedTags"][keyword] == uid]


def _taken(name: str, head: Head, *, came: bool | LineFailure, changed: bool = False) -> Taken:
    if isinstance(came, LineFailure):
        return Taken(name=name, head=head, why=came, changed=changed)
    return Taken(name=name, head=head, changed=changed, grew=came)


def _orthanc_id(head: Head) -> str:
    return orthanc_id(head.patient, head.study, head.series, head.sop)


def _is_of(row: dict[str, Any], head: Head) -> bool:
    return (row["RequestedTags"]["PatientID"] or "").strip() == head.patient


@contextmanager
def _alone(*uids: str) -> Iterator[None]:
    """Have nobody else in this process look up and store the same meanwhile."""
    numbers = sorted({hash(uid) % len(_LOCKS) for uid in uids})
    with ExitStack() as held:
        for number in numbers:
            held.enter_context(_LOCKS[number])
        yield
