"""Albums and lists that are taken away through the real gate, and by the documented recipe."""

import csv
import io
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pydicom
import pytest

from deploy.native.paths import REPOSITORY
from tests.integration.people import SignedIn
from tests.integration.test_archives import images_in, images_of
from tests.integration.truth import Truth

pytestmark = pytest.mark.stack

RECIPE = Path(REPOSITORY, "docs", "users", "downloading.md")


def of_album(truth: Truth, slug: str) -> set[str]:
    return images_of(truth.series[uid] for uid in truth.albums[slug])


def in_dicomdir(content: bytes, folder: Path) -> set[str]:
    """SOPInstanceUIDs that the DICOMDIR of an archive names, each with a file that is that instance."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    directory = next(folder.rglob("DICOMDIR"))
    found: set[str] = set()
    for record in pydicom.dcmread(directory).DirectoryRecordSequence:
        if "ReferencedFileID" in record:
            # One part or several, below the DICOMDIR (PS3.10, section 8.5).
            parts = record.ReferencedFileID
            file = directory.parent.joinpath(*([parts] if isinstance(parts, str) else parts))
            uid = pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID
            assert uid == record.ReferencedSOPInstanceUIDInFile
            found.add(str(uid))
    return found


@pytest.fixture
def token(people: dict[str, SignedIn]) -> Iterator[str]:
    """Narrowed to one of two albums of its maker."""
    wanted = {"name": "recipe", "actions": ["view", "download"], "albums": ["lung-phantom"]}
    with people["pi-a"].client() as client:
        made = client.post("/api/tokens", json=wanted)
        assert made.status_code == 201, made.text
        yield made.json()["token"]
        client.delete(f"/api/tokens/{made.json()['id']}")


def by_token(stack: dict[str, Any], token: str) -> httpx.Client:
    return httpx.Client(
        base_url=stack["url"], headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False
    )


def test_an_album_with_a_dicomdir_is_exactly_its_images(
    truth: Truth, people: dict[str, SignedIn], tmp_path: Path
) -> None:
    with people["pi-a"].client() as client:
        answer = client.get("/api/albums/head-ct/archive?format=dicomdir")
        plain = client.get("/api/albums/head-ct/archive")
    assert answer.headers["content-type"] == "application/zip"
    assert "head-ct.zip" in answer.headers["content-disposition"]
    assert images_in(answer.content) == images_in(plain.content) == of_album(truth, "head-ct")
    assert in_dicomdir(answer.content, tmp_path) == of_album(truth, "head-ct")


def test_others_get_what_they_may_and_nothing_else(
    truth: Truth, people: dict[str, SignedIn], stack: dict[str, Any], token: str
) -> None:
    expected = {
        ("member-a", "head-ct"): 403,
        ("member-b", "head-ct"): 404,
        ("stranger", "head-ct"): 404,
        ("admin", "head-ct"): 404,
        ("pi-a", "brain-mr"): 404,
    }
    for (username, slug), status in expected.items():
        with people[username].client() as client:
            for what in ("archive", "archive?format=dicomdir", "size", "manifest"):
                assert client.get(f"/api/albums/{slug}/{what}").status_code == status, (username, what)
    with httpx.Client(base_url=stack["url"], trust_env=False) as nobody:
        assert nobody.get("/api/albums/head-ct/archive").status_code == 401
    with by_token(stack, token) as client:
        assert client.get("/api/albums/head-ct/archive").status_code == 404
        assert images_in(client.get("/api/albums/lung-phantom/archive").content) == of_album(
            truth, "lung-phantom"
        )
        study = truth.series[min(truth.albums["head-ct"])].study
        assert client.get(f"/api/archives?study={study}").status_code == 404


def test_the_archives_location_refuses_what_the_others_refuse(
    people: dict[str, SignedIn], stack: dict[str, Any], token: str
) -> None:
    with people["pi-a"].client() as client:
        both = client.get("/api/albums/head-ct/archive", headers={"Authorization": f"Bearer {token}"})
        assert both.status_code == 400
        override = client.get("/api/albums/head-ct/archive", headers={"X-HTTP-Method-Override": "POST"})
        assert override.status_code == 400
        evil = client.post(
            "/api/archives", json={"studies": ["1.2"]}, headers={"Origin": "http://evil.example"}
        )
        assert evil.status_code == 403
    with httpx.Client(base_url=stack["url"], trust_env=False) as client:
        bad = client.get("/api/albums/head-ct/archive", headers={"Authorization": "Bearer x"})
        assert bad.status_code == 401


def test_a_long_list_is_streamed_and_is_the_same(truth: Truth, people: dict[str, SignedIn]) -> None:
    """More series than an address holds, of both albums of one person: by list, and as his selection."""
    series = sorted(truth.may("pi-a", "download"))
    with people["pi-a"].client() as client:
        listed = client.post("/api/archives", json={"series": series, "format": "zip"})
        studies = sorted({truth.series[uid].study for uid in series})
        client.put("/api/selection", json={"studies": [*studies, "1.2.3"]})
        size = client.get("/api/selection/size").json()
        chosen = client.get("/api/selection/archive")
        client.delete("/api/selection")
    expected = images_of(truth.series[uid] for uid in series)
    assert images_in(listed.content) == images_in(chosen.content) == expected
    assert (size["series"], size["instances"], size["left_out"]) == (len(series), len(expected), 1)


def test_a_size_is_what_the_files_are(truth: Truth, people: dict[str, SignedIn]) -> None:
    with people["pi-a"].client() as client:
        size = client.get("/api/albums/lung-phantom/size").json()
        archive = client.get("/api/albums/lung-phantom/archive").content
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        unpacked = sum(one.file_size for one in files.infolist())
    assert size["complete"]
    assert size["series"] == len(truth.albums["lung-phantom"])
    assert size["bytes"] == unpacked


def test_the_recipe_fetches_an_album_goes_on_and_checks(
    truth: Truth, stack: dict[str, Any], token: str, tmp_path: Path
) -> None:
    recipe = re.search(r"```python\n(.*?)```", RECIPE.read_text(encoding="utf-8"), re.DOTALL)
    assert recipe
    script = tmp_path / "recipe.py"
    script.write_text(recipe[1], encoding="utf-8")
    names = {"PARADIM_URL": stack["url"], "PARADIM_TOKEN": token, "PARADIM_ALBUM": "lung-phantom"}

    def run() -> str:
        done = subprocess.run(
            [sys.executable, str(script)],
            cwd=tmp_path,
            env={"PATH": os.defpath, "NO_PROXY": "*", **names},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def here() -> set[str]:
        return {
            str(pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID)
            for file in (tmp_path / "lung-phantom").rglob("*.dcm")
        }

    first = run()
    assert here() == of_album(truth, "lung-phantom")
    assert len(first.splitlines()) == len(truth.albums["lung-phantom"])
    assert "NOT COMPLETE" not in first
    # What broke off: one series is fetched again, and no other.
    lost = next((tmp_path / "lung-phantom").rglob("*.dcm"))
    lost.unlink()
    assert [line.split()[0] for line in run().splitlines()] == [lost.parent.name]
    assert here() == of_album(truth, "lung-phantom")
    assert run() == ""


def test_a_manifest_names_exactly_the_albums_series(truth: Truth, people: dict[str, SignedIn]) -> None:
    with people["pi-a"].client() as client:
        answer = client.get("/api/albums/head-ct/manifest?format=csv")
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        first = client.get(httpx.URL(rows[0]["RetrieveURL"]).raw_path.decode() + "/metadata")
    assert {row["SeriesInstanceUID"] for row in rows} == truth.albums["head-ct"]
    assert {row["SeriesInstanceUID"]: int(row["NumberOfSeriesRelatedInstances"]) for row in rows} == {
        uid: len(truth.series[uid].instances) for uid in truth.albums["head-ct"]
    }
    assert len(first.json()) == int(rows[0]["NumberOfSeriesRelatedInstances"])


def test_streams_that_nobody_reads_on_leave_room_for_the_next(
    truth: Truth, people: dict[str, SignedIn]
) -> None:
    several = next(study for study, series in truth.studies("pi-a").items() if len(series) > 1)
    path, accept = f"/dicom-web/studies/{several}", 'multipart/related; type="application/dicom"'
    with people["pi-a"].client() as client:
        # More than the service has connections for streams.
        for _ in range(40):
            with client.stream("GET", path, headers={"Accept": accept}) as dropped:
                assert dropped.status_code == 200
        whole = client.get(path, headers={"Accept": accept})
    assert whole.status_code == 200
    assert whole.content.endswith(b"--\r\n")
