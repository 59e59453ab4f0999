"""What is in the archive and who may see what, from the samples' manifest: the naive model of the stack."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx


@dataclass(frozen=True, kw_only=True)
class Image:
    """One instance in Orthanc, as Orthanc itself tells it."""

    id: str
    uid: str


@dataclass(frozen=True, kw_only=True)
class Series:
    """One series in Orthanc."""

    id: str
    uid: str
    study: str
    study_id: str
    modality: str
    instances: tuple[Image, ...]


def archive_of(stack: Mapping[str, Any]) -> httpx.Client:
    """Return a client of Orthanc itself, past the gate, with the gate's own credential."""
    orthanc = stack["internal"]["orthanc"]
    account = (orthanc["username"], orthanc["password"])
    return httpx.Client(base_url=orthanc["url"], auth=account, timeout=60, trust_env=False)


class Truth:
    """The whole archive, read with the gate's own credential, and the albums of the manifest."""

    def __init__(self, stack: Mapping[str, Any], manifest: Path) -> None:
        self.orthanc = archive_of(stack)
        self.folder = manifest.parent
        self.manifest: dict[str, Any] = json.loads(manifest.read_text())
        self.series = {one.uid: one for one in self._read()}
        self.albums = {album["slug"]: frozenset(album["series"]) for album in self.manifest["albums"]}
        self._rights: dict[str, dict[str, set[str]]] = defaultdict(dict)
        for album in self.manifest["albums"]:
            self._rights[album["owner"]][album["slug"]] = {"view", "download"}
            for member in album["members"]:
                self._rights[member["user"]][album["slug"]] = set(member["actions"])

    def may(self, username: str, action: str = "view") -> frozenset[str]:
        """Return the SeriesInstanceUIDs that somebody may do this to."""
        return frozenset(
            uid
            for slug, actions in self._rights[username].items()
            if action in actions
            for uid in self.albums[slug]
        )

    def albums_of(self, username: str) -> frozenset[str]:
        """Return the slugs of the albums that somebody is in."""
        return frozenset(self._rights[username])

    def studies(self, username: str) -> dict[str, list[Series]]:
        """Return the studies that somebody sees some series of, with those series."""
        seen: dict[str, list[Series]] = defaultdict(list)
        for uid in self.may(username):
            seen[self.series[uid].study].append(self.series[uid])
        return dict(seen)

    def series_folder(self, uid: str) -> str:
        """Return where the files of a series of the samples are, relative to `folder`."""
        return next(
            str(series["folder"])
            for study in self.manifest["studies"]
            for series in study["series"]
            if series["series"] == uid
        )

    def _read(self) -> list[Series]:
        found: list[Series] = []
        for series in self._find("Series", ["SeriesInstanceUID", "StudyInstanceUID", "Modality"]):
            tags = series["RequestedTags"]
            found.append(
                Series(
                    id=series["ID"],
                    uid=tags["SeriesInstanceUID"],
                    study=tags["StudyInstanceUID"],
                    study_id=series["ParentStudy"],
                    modality=tags["Modality"],
                    instances=tuple(
                        Image(id=one["ID"], uid=one["RequestedTags"]["SOPInstanceUID"])
                        for one in self._find(
                            "Instance",
                            ["SOPInstanceUID"],
                            SeriesInstanceUID=tags["SeriesInstanceUID"],
                        )
                    ),
                )
            )
        return found

    def _find(self, level: str, tags: list[str], **query: str) -> list[dict[str, Any]]:
        answer = self.orthanc.post(
            "/tools/find",
            json={
                "Level": level,
                "Query": query,
                "RequestedTags": tags,
                "ResponseContent": ["Parent"],
            },
        )
        answer.raise_for_status()
        rows: list[dict[str, Any]] = answer.json()
        return rows
