"""A site on which DICOM senders are listed, and what they send."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select

from auth_service.albums import ledger
from auth_service.incoming.receiving import one_round
from auth_service.store.tables import Arrival
from tests.world import CT, TestWorld, two_albums

RULES: dict[str, Any] = {
    "ae_title": "PARADIM",
    "peers": [
        {"ae_title": "CT1", "address": "192.0.2.1", "rules": [{"album": "a", "modalities": ["CT", "MR"]}]},
        {"ae_title": "PACS", "address": "192.0.2.2"},
    ],
}


def listed(folder: Path, rules: object = RULES) -> TestWorld:
    """Two albums, and a list of senders: what CT1 sends goes into album ``a``, PACS has no rule."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "dicom-peers.jsonc"
    file.write_text(json.dumps(rules), encoding="utf-8")
    return two_albums(folder, dicom_peers_file=str(file))


def relist(world: TestWorld, text: str) -> None:
    """Write the list of senders anew."""
    Path(world.settings.dicom_peers_file).write_text(text, encoding="utf-8")


def send(
    world: TestWorld,
    study: int,
    series: int,
    *,
    sender: tuple[str, str] = ("CT1", "192.0.2.1"),
    number: int = 1,
    modality: str = CT,
    settled: bool = True,
) -> str:
    """Let one image come by DICOM; return its SeriesInstanceUID."""
    uid = f"1.2.{study}.{series}"
    world.archive.receive(
        *sender,
        PatientID=f"TEST-{study}",
        StudyInstanceUID=f"1.2.{study}",
        StudyDescription=f"Study {study}",
        SeriesInstanceUID=uid,
        Modality=modality,
        SOPInstanceUID=f"{uid}.{number}",
        SOPClassUID="1.2.840.10008.5.1.4.1.1.2",
    )
    if settled:
        world.archive.settle(uid)
    return uid


def rounds(world: TestWorld, count: int = 2, *, look_through: bool = False) -> None:
    """Let the service work: note and file, write labels, keep what came of it."""
    for _ in range(count):
        assert one_round(world, look_through=look_through)
        ledger.resume_all(world)


def states(world: TestWorld) -> dict[str, tuple[str, str | None]]:
    """Return what became of each series."""
    with world.store.read() as tx:
        return {one.series_uid: (one.state, one.reason) for one in tx.query(Arrival).order_by(Arrival.id)}


def number_of(world: TestWorld, series: str) -> int:
    """Return the number of a series that came."""
    with world.store.read() as tx:
        query = select(Arrival.id).where(Arrival.series_uid == series).order_by(Arrival.id.desc())
        number = tx.scalar(query.limit(1))
    assert number is not None
    return number
