"""Archives, with or without a DICOMDIR (PS3.10, section 8.6), of what the actor may take away.

Each thing that is asked for is decided about series by series; Orthanc is then given the explicit list. nginx
streams it where the address stays short, and this service where the list is long: neither keeps it in memory.
"""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_pascal
from starlette.responses import Response, StreamingResponse

from auth_service.archive import Streamed
from auth_service.errors import Invalid
from auth_service.gate import Gate, Opened
from auth_service.http.dependencies import UNSAFE, OrthancId, SignedIn
from auth_service.http.handover import LONGEST, address, streamed_by_nginx
from auth_service.http.streaming import passed_on
from auth_service.policy.model import Actor
from auth_service.targets import MAX_UID, UID
from auth_service.vocabulary import Action

router = APIRouter()

MOST = 1000
"""Things that one archive may be asked of."""

_QUERY = {
    "filename": "Filename",
    "transcode": "Transcode",
    "lossy-quality": "LossyQuality",
    "extended": "Extended",
    "resources": "Resources",
}
"""Orthanc's names in addresses, and in bodies."""


class Wishes(BaseModel):
    """How an archive is to be made, in Orthanc's words."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_pascal, frozen=True)

    filename: (
        Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,64}(\.[0-9A-Za-z]{1,8})?$")] | None
    ) = None
    transcode: Annotated[str, StringConstraints(pattern=f"^{UID}$", max_length=MAX_UID)] | None = None
    lossy_quality: int | None = Field(None, ge=1, le=100)
    extended: bool = False
    synchronous: bool = True
    asynchronous: bool = False
    priority: int = Field(0, ge=-1000, le=1000)

    @property
    def is_job(self) -> bool:
        """Whether the archive is to be left on the server and fetched later."""
        return self.asynchronous or not self.synchronous

    def body(self) -> dict[str, Any]:
        """Return what Orthanc is told, all but the list."""
        told: dict[str, Any] = {
            "Filename": self.filename,
            "Transcode": self.transcode,
            "LossyQuality": self.lossy_quality,
        }
        if self.is_job:
            told |= {"Asynchronous": True, "Priority": self.priority}
        return {name: value for name, value in told.items() if value is not None}


class Selection(Wishes):
    """Which things an archive is to be made of, besides."""

    resources: list[OrthancId] = Field(min_length=1, max_length=MOST)


Asked = TypeVar("Asked", bound=Wishes)


@router.get("/orthanc/studies/{orthanc_id}/archive")
@router.get("/orthanc/studies/{orthanc_id}/media")
@router.get("/orthanc/series/{orthanc_id}/archive")
@router.get("/orthanc/series/{orthanc_id}/media")
def archive(request: Request, actor: SignedIn, orthanc_id: OrthancId) -> Response:
    """Return an archive of the permitted series of a study, or of one series."""
    return _of_one(request, actor, orthanc_id, _read(Wishes, _pairs(request)))


@router.post("/orthanc/studies/{orthanc_id}/archive", dependencies=UNSAFE)
@router.post("/orthanc/studies/{orthanc_id}/media", dependencies=UNSAFE)
@router.post("/orthanc/series/{orthanc_id}/archive", dependencies=UNSAFE)
@router.post("/orthanc/series/{orthanc_id}/media", dependencies=UNSAFE)
def make_archive(request: Request, actor: SignedIn, orthanc_id: OrthancId, body: Wishes) -> Response:
    """Return the same, or leave it on the server where an administrator asks for that."""
    return _of_one(request, actor, orthanc_id, body)


@router.get("/orthanc/tools/create-archive")
@router.get("/orthanc/tools/create-media")
@router.get("/orthanc/tools/create-media-extended")
def selection_archive(request: Request, actor: SignedIn) -> Response:
    """Return an archive of the studies, series and instances that the query names."""
    pairs = _pairs(request)
    listed = {"Resources": pairs.get("Resources", "").split(",")}
    return _of_several(request, actor, _read(Selection, pairs | listed))


@router.post("/orthanc/tools/create-archive", dependencies=UNSAFE)
@router.post("/orthanc/tools/create-media", dependencies=UNSAFE)
@router.post("/orthanc/tools/create-media-extended", dependencies=UNSAFE)
def make_selection_archive(request: Request, actor: SignedIn, body: Selection | list[OrthancId]) -> Response:
    """Return an archive of the studies, series and instances that the body names."""
    selection = body if isinstance(body, Selection) else _read(Selection, {"Resources": body})
    return _of_several(request, actor, selection)


@router.post("/orthanc/patients/{orthanc_id}/archive", dependencies=UNSAFE)
@router.post("/orthanc/patients/{orthanc_id}/media", dependencies=UNSAFE)
def patient_archive(request: Request, actor: SignedIn, orthanc_id: OrthancId, body: Wishes) -> Response:
    """Return an archive of a patient, for an administrator whom a rule gives everything."""
    path = request.url.path
    gate = Gate.of(request)
    gate.administers(actor, Action.DOWNLOAD, path)
    kind = path.rpartition("/")[2]
    return _through(gate.archive.stream("POST", f"/patients/{orthanc_id}/{kind}", body=body.body()))


def _of_one(request: Request, actor: Actor, orthanc_id: str, wishes: Wishes) -> Response:
    _, _, level, _, kind = request.url.path.split("/")
    gate = Gate.of(request)
    if level == "studies":
        study = gate.study_by_id(actor, orthanc_id)
        opened = gate.open_study(actor, Action.DOWNLOAD, study, request.url.path)
    else:
        series = gate.series_by_id(actor, orthanc_id)
        opened = gate.open_series(actor, Action.DOWNLOAD, series, request.url.path)
    named = wishes.model_copy(update={"filename": wishes.filename or f"{orthanc_id}.zip"})
    return made(
        request, actor, kind=kind, opened=[opened], ids=[one.id for one in opened.series], wishes=named
    )


def _of_several(request: Request, actor: Actor, selection: Selection) -> Response:
    gate = Gate.of(request)
    opened: list[Opened] = []
    ids: list[str] = []
    for orthanc_id in dict.fromkeys(selection.resources):
        one, within = _resolved(gate, actor, orthanc_id, request.url.path)
        opened.append(one)
        ids += within
    kind = request.url.path.rpartition("/create-")[2]
    return made(request, actor, kind=kind, opened=opened, ids=list(dict.fromkeys(ids)), wishes=selection)


def _resolved(gate: Gate, actor: Actor, orthanc_id: str, path: str) -> tuple[Opened, Sequence[str]]:
    """Decide about one thing of a list, whatever it is; returns what of it goes into the archive."""
    target = f"{path}?{orthanc_id}"
    if (study := gate.study_by_id(actor, orthanc_id)) is not None:
        opened = gate.open_study(actor, Action.DOWNLOAD, study, target)
        return opened, [one.id for one in opened.series]
    if (instance := gate.instance_by_id(actor, orthanc_id)) is not None:
        return gate.open_series(actor, Action.DOWNLOAD, instance.series, target), [orthanc_id]
    series = gate.series_by_id(actor, orthanc_id)
    return gate.open_series(actor, Action.DOWNLOAD, series, target), [orthanc_id]


def made(
    request: Request,
    actor: Actor,
    *,
    kind: str,
    opened: Sequence[Opened],
    ids: Sequence[str],
    wishes: Wishes,
) -> Response:
    """Put on record what is taken, and have it made of exactly these.

    Parameters
    ----------
    request : Request
    actor : Actor
    kind : str
        Orthanc's word: ``archive``, or ``media`` with a DICOMDIR.
    opened : sequence of Opened
        What was decided about.
    ids : sequence of str
        Orthanc's identifiers of what goes in.
    wishes : Wishes
        How it is to be made.

    """
    gate = Gate.of(request)
    if wishes.is_job:
        # It would lie on the server for everybody who administers it.
        gate.administers(actor, Action.DOWNLOAD, request.url.path)
    gate.taken(actor, opened, request.url.path)
    extended = kind == "media" and wishes.extended
    path = f"/tools/create-{kind}{'-extended' if extended else ''}"
    where = address(path, {"resources": ",".join(ids)} | _in_address(wishes))
    if len(where) <= LONGEST and not wishes.is_job:
        return streamed_by_nginx(where)
    return _through(gate.archive.stream("POST", path, body={"Resources": list(ids)} | wishes.body()))


def _in_address(wishes: Wishes) -> dict[str, str]:
    told = wishes.body()
    return {name: str(told[field]) for name, field in _QUERY.items() if field in told}


def _through(answer: Streamed) -> StreamingResponse:
    kept = {name: answer.headers[name] for name in ("content-disposition",) if name in answer.headers}
    return passed_on(answer, headers=kept)


def _pairs(request: Request) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for name, value in parse_qsl(request.url.query, keep_blank_values=True):
        field = _QUERY.get(name)
        if field is None or field in pairs:
            raise Invalid(name[:64], "{field}: this address does not take it, or takes it once.")
        # Orthanc looks only whether this one is there.
        pairs[field] = value or "true" if field == "Extended" else value
    return pairs


def _read(kind: type[Asked], values: dict[str, Any]) -> Asked:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = str(first["loc"][0]) if first["loc"] else "query"
        raise Invalid(field, "{field} is not what was expected: {expected}.", expected=first["msg"]) from None
