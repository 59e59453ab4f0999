"""Owners have their album de-identify what is uploaded, and look at the pictures that it holds."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.fernet import Fernet
from PIL import Image
from pydantic import SecretStr
from pydicom import Dataset
from sqlalchemy import select, update

from auth_service.deidentifying import holding
from auth_service.deidentifying.core import Held, deidentify
from auth_service.deidentifying.keeping import of_album
from auth_service.deidentifying.profile import Option, Profile
from auth_service.errors import Unavailable
from auth_service.policy.model import SYSTEM
from auth_service.store import albums as albums_table
from auth_service.store import audit as audit_table
from auth_service.store.tables import Album, AlbumDeidentification, AuditRecord, HeldFile
from tests.http.test_album_keeping_api import token_of
from tests.http.world import World
from tests.unit.auth_service.deidentifying.making import file_of, read

ADDRESS = "/api/albums/a/deidentification"
HELD = "/api/albums/a/held"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World.make(tmp_path, held_folder=str(tmp_path / "held"), held_days=30)
    yield world
    world.close()


def switch_on(world: World, *options: str, who: str = "owner_a", slug: str = "a") -> Any:  # noqa: ANN401 - JSON
    answer = world.client(who).put(f"/api/albums/{slug}/deidentification", json={"options": list(options)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def profile_of(world: World, slug: str = "a") -> Profile | None:
    services = world.signin.services
    with services.store.read() as tx:
        return of_album(tx, services, album_of(world, slug))


def album_of(world: World, slug: str = "a") -> Album:
    with world.signin.store.read() as tx:
        found = albums_table.album(tx, slug)
    assert found is not None
    return found


def records(world: World) -> list[AuditRecord]:
    with world.signin.store.read() as tx:
        return audit_table.records(tx)


def ultrasound(**values: object) -> Dataset:
    source = Dataset()
    source.PatientID, source.PatientName, source.Modality = "MRN-1", "Tremblay^Eve", "US"
    source.SamplesPerPixel, source.PhotometricInterpretation = 1, "MONOCHROME2"
    source.Rows, source.Columns, source.NumberOfFrames = 2, 2, 2
    source.BitsAllocated = source.BitsStored = 8
    source.HighBit, source.PixelRepresentation = 7, 0
    source.PixelData = bytes([0, 10, 20, 40, 9, 9, 9, 9])
    for keyword, value in values.items():
        setattr(source, keyword, value)
    return read(file_of(source))


def hold(world: World, source: Dataset | None = None) -> str:
    """Hold a picture in album a; return its identifier."""
    switch_on(world)
    profile = profile_of(world)
    assert profile is not None
    outcome = deidentify(source or ultrasound(), profile)
    assert isinstance(outcome, Held)
    holding.hold(world.signin.services, album=album_of(world), held=outcome, actor=SYSTEM)
    return str(world.client("owner_a").get(HELD).json()["items"][-1]["id"])


def files(world: World) -> list[Path]:
    folder = Path(world.signin.settings.held_folder)
    return sorted(folder.iterdir()) if folder.is_dir() else []


def test_an_album_takes_files_as_they_are_until_its_owner_says_otherwise(world: World) -> None:
    assert world.client("owner_a").get(ADDRESS).json() == {
        "on": False,
        "options": [],
        "since": None,
        "by": "",
        "has_key": False,
        "readable": True,
        "held": 0,
    }
    assert profile_of(world) is None
    on = switch_on(world, "modified-dates", "uids")
    assert (on["on"], on["options"], on["has_key"]) == (True, ["modified-dates", "uids"], True)
    assert on["since"].startswith("2026-03-03")
    profile = profile_of(world)
    assert profile is not None
    assert profile.options == {Option.MODIFIED_DATES, Option.UIDS}
    assert profile_of(world, "b") is None


def test_no_answer_and_no_record_has_the_key(world: World) -> None:
    answer = world.client("owner_a").put(ADDRESS, json={"options": []})
    profile = profile_of(world)
    assert profile is not None
    with world.signin.store.read() as tx:
        sealed = tx.scalars(select(AlbumDeidentification.sealed_key)).one()
    assert profile.key not in sealed
    seen = answer.text + str([record.details for record in records(world)])
    assert profile.key.hex() not in seen
    assert sealed.decode() not in seen


def test_two_albums_have_two_keys_and_a_key_opens_in_its_own_album_alone(world: World) -> None:
    switch_on(world)
    switch_on(world, who="owner_b", slug="b")
    ours, theirs = profile_of(world), profile_of(world, "b")
    assert ours is not None
    assert theirs is not None
    assert ours.key != theirs.key
    with world.signin.store.write() as tx:
        sealed = tx.scalars(
            select(AlbumDeidentification.sealed_key).order_by(AlbumDeidentification.album_id)
        ).all()
        tx.execute(
            update(AlbumDeidentification)
            .where(AlbumDeidentification.album_id == album_of(world).id)
            .values(sealed_key=sealed[1])
        )
    with pytest.raises(Unavailable):
        profile_of(world)


def test_switched_off_and_on_again_the_key_is_the_same_unless_it_was_forgotten(world: World) -> None:
    switch_on(world)
    first = profile_of(world)
    assert world.client("owner_a").delete(ADDRESS).status_code == 204
    assert profile_of(world) is None
    assert world.client("owner_a").get(ADDRESS).json()["has_key"] is True
    switch_on(world)
    assert profile_of(world) == first
    assert world.client("owner_a").delete(f"{ADDRESS}?forget=true").status_code == 204
    assert world.client("owner_a").get(ADDRESS).json()["has_key"] is False
    switch_on(world)
    again = profile_of(world)
    assert first is not None
    assert again is not None
    assert again.key != first.key


def test_changes_are_on_record_and_repeating_one_is_none(world: World) -> None:
    switch_on(world)
    switch_on(world)
    switch_on(world, "uids")
    for address in (ADDRESS, ADDRESS, f"{ADDRESS}?forget=true", f"{ADDRESS}?forget=true"):
        world.client("owner_a").delete(address)
    said = [
        (record.event, record.label, record.details)
        for record in records(world)
        if record.event.startswith("deidentification")
    ]
    assert said == [
        ("deidentification-on", "album-a", {"before": None, "after": [], "new_key": True}),
        ("deidentification-on", "album-a", {"before": [], "after": ["uids"], "new_key": False}),
        ("deidentification-off", "album-a", {"key_forgotten": False}),
        ("deidentification-off", "album-a", {"key_forgotten": True}),
    ]


@pytest.mark.parametrize("spoil", ["key", "options"])
def test_what_cannot_be_read_lets_nothing_through(world: World, spoil: str) -> None:
    switch_on(world)
    with world.signin.store.write() as tx:
        row = tx.scalars(select(AlbumDeidentification)).one()
        if spoil == "key":
            row.sealed_key = b"nothing"
        else:
            row.options = ["everything"]
    with pytest.raises(Unavailable):
        profile_of(world)
    told = world.client("owner_a").get(ADDRESS).json()
    assert (told["on"], told["readable"]) == (True, False)


def test_after_another_encryption_key_the_album_begins_anew_only_when_its_owner_says_so(world: World) -> None:
    switch_on(world)
    services = world.signin.services
    other = services.settings.model_copy(update={"encryption_key": SecretStr(Fernet.generate_key().decode())})
    world.signin.app.state.services = type(services)(
        **{name: getattr(services, name) for name in services.__slots__} | {"settings": other}
    )
    refused = world.client("owner_a").put(ADDRESS, json={"options": ["uids"]})
    assert (refused.status_code, refused.json()["reason"]) == (409, "key")
    assert world.client("owner_a").delete(f"{ADDRESS}?forget=true").status_code == 204
    assert world.client("owner_a").put(ADDRESS, json={"options": ["uids"]}).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "options"),
        ({"options": "uids"}, "options"),
        ({"options": ["everything"]}, "options"),
        ({"options": ["x" * 33]}, "options.0"),
        ({"options": ["uids"] * 6}, "options"),
        ({"options": [], "key": "mine"}, "key"),
    ],
)
def test_bad_input_names_the_field(world: World, body: dict[str, object], field: str) -> None:
    answer = world.client("owner_a").put(ADDRESS, json=body)
    assert (answer.status_code, answer.json()["reason"]) == (422, field)
    assert profile_of(world) is None


@pytest.mark.parametrize(
    "address",
    [
        f"{ADDRESS}?forget=perhaps",
        f"{HELD}?limit=0",
        f"{HELD}?limit=1001",
        f"{HELD}?offset=-1",
        f"{HELD}/{'A' * 32}/picture",
        f"{HELD}/{'0' * 32}/picture?frame=0",
        f"{HELD}/..%2f..%2fx/picture",
    ],
)
def test_bad_addresses_are_refused(world: World, address: str) -> None:
    method = "DELETE" if "forget" in address else "GET"
    assert world.client("owner_a").request(method, address).status_code in (404, 422)


def test_a_token_does_none_of_it(world: World) -> None:
    held = hold(world)
    token = token_of(world, "owner_a")
    client = world.client("nobody")
    for method, address, body in (
        ("GET", ADDRESS, None),
        ("PUT", ADDRESS, {"options": []}),
        ("DELETE", ADDRESS, None),
        ("GET", HELD, None),
        ("GET", f"{HELD}/{held}/picture", None),
        ("POST", f"{HELD}/{held}/release", None),
        ("DELETE", f"{HELD}/{held}", None),
    ):
        answer = client.request(method, address, json=body, headers=token)
        assert (answer.status_code, answer.json()["reason"]) == (403, "token"), address
    assert profile_of(world) is not None
    assert len(files(world)) == 1


def test_with_its_album_the_key_and_what_is_held_are_gone(world: World) -> None:
    hold(world)
    assert world.client("owner_a").delete("/api/albums/a?confirm=a").status_code == 200
    with world.signin.store.read() as tx:
        assert not tx.scalars(select(AlbumDeidentification)).all()
        assert not tx.scalars(select(HeldFile)).all()
    assert not files(world)


def test_a_held_picture_is_shown_whole_to_its_owner(world: World) -> None:
    held = hold(world)
    [item] = world.client("owner_a").get(HELD).json()["items"]
    assert (item["modality"], item["why"], item["frames"], item["until"][:10]) == (
        "US",
        "modality",
        2,
        "2026-04-02",
    )
    assert item["patient"] != "MRN-1"
    answer = world.client("owner_a").get(f"{HELD}/{held}/picture")
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("image/png", "no-store")
    assert np.asarray(Image.open(BytesIO(answer.content))).tolist() == [[0, 63], [127, 255]]
    flat = world.client("owner_a").get(f"{HELD}/{held}/picture?frame=2")
    assert np.asarray(Image.open(BytesIO(flat.content))).tolist() == [[0, 0], [0, 0]]
    assert world.client("owner_a").get(f"{HELD}/{held}/picture?frame=3").status_code == 409


def test_what_is_held_is_hidden_from_other_albums(world: World) -> None:
    held = hold(world)
    for who in ("owner_b", "stranger", "admin"):
        assert world.client(who).get(f"{HELD}/{held}/picture").status_code == 404
    # An owner reaches it through its own album alone.
    assert world.client("owner_b").get(f"/api/albums/b/held/{held}/picture").status_code == 404
    assert world.client("owner_b").post(f"/api/albums/b/held/{held}/release").status_code == 404
    assert world.client("owner_b").delete(f"/api/albums/b/held/{held}").status_code == 404
    assert world.client("member_a").get(f"{HELD}/{held}/picture").status_code == 403


def test_the_file_that_is_held_names_nobody_and_is_nobody_else_s(world: World) -> None:
    hold(world)
    [file] = files(world)
    assert b"Tremblay" not in file.read_bytes()
    assert b"MRN-1" not in file.read_bytes()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_released_picture_goes_on_and_says_that_nothing_is_burned_in(world: World) -> None:
    held = hold(world)
    before = set(world.archive.held["Instance"])
    assert world.client("owner_a").post(f"{HELD}/{held}/release").status_code == 204
    [came] = set(world.archive.held["Instance"]) - before
    image = world.archive.held["Instance"][came]
    assert image.tags["BurnedInAnnotation"] == "NO"
    assert image.up("Series").labels == {"album-a"}
    assert not files(world)
    assert world.client("owner_a").get(HELD).json() == {"items": [], "total": 0}
    assert world.client("owner_a").post(f"{HELD}/{held}/release").status_code == 404
    last = next(one for one in records(world) if one.event == "held-released")
    assert (last.event, last.label, last.actor_name) == ("held-released", "album-a", "Test Owner_A")


def test_what_does_not_get_into_the_album_stays_held(world: World) -> None:
    held = hold(world)
    world.archive.down = True
    answer = world.client("owner_a").post(f"{HELD}/{held}/release")
    assert (answer.status_code, answer.json()["reason"]) == (503, "orthanc")
    world.archive.down = False
    assert len(files(world)) == 1
    assert world.client("owner_a").get(HELD).json()["total"] == 1


def test_what_nobody_can_look_at_is_not_released(world: World) -> None:
    held = hold(world, ultrasound(BitsAllocated=7))
    for answer in (
        world.client("owner_a").get(f"{HELD}/{held}/picture"),
        world.client("owner_a").post(f"{HELD}/{held}/release"),
    ):
        assert (answer.status_code, answer.json()["reason"]) == (409, "picture")
    assert world.archive.sent == []
    assert world.client("owner_a").delete(f"{HELD}/{held}").status_code == 204


def test_a_discarded_picture_is_gone(world: World) -> None:
    held = hold(world)
    assert world.client("owner_a").delete(f"{HELD}/{held}").status_code == 204
    assert not files(world)
    last = records(world)[-1]
    assert (last.event, last.details) == ("held-discarded", {"held": held, "expired": False})


def test_the_same_picture_is_held_once(world: World) -> None:
    first = hold(world)
    assert hold(world) == first
    assert len(files(world)) == 1
    assert [record.event for record in records(world)].count("upload-held") == 1


def test_where_no_folder_is_named_nothing_is_held_and_nothing_goes_through(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    try:
        with pytest.raises(Unavailable):
            hold(world)
        with world.signin.store.read() as tx:
            assert not tx.scalars(select(HeldFile)).all()
    finally:
        world.close()


def test_what_is_held_too_long_is_thrown_away_on_record(world: World) -> None:
    held = hold(world)
    world.signin.clock.now += timedelta(days=30, seconds=1)
    holding.sweep(world.signin.services)
    assert not files(world)
    with world.signin.store.read() as tx:
        assert not tx.scalars(select(HeldFile)).all()
    last = records(world)[-1]
    assert (last.event, last.actor, last.details) == (
        "held-discarded",
        "system",
        {"held": held, "expired": True},
    )


def test_a_file_that_a_crash_left_is_swept_and_a_young_one_is_not(world: World) -> None:
    held = hold(world)
    folder = Path(world.signin.settings.held_folder)
    (folder / f"{'f' * 32}.dcm").write_bytes(b"left")
    (folder / "note.txt").write_text("not ours")
    holding.sweep(world.signin.services)
    assert len(files(world)) == 3
    world.signin.clock.now = world.signin.clock.now.replace(year=2090)
    with world.signin.store.write() as tx:
        tx.execute(update(HeldFile).values(held_at=world.signin.clock.now))
    holding.sweep(world.signin.services)
    assert [path.name for path in files(world)] == [f"{held}.dcm", "note.txt"]
