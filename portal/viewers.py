"""Addresses behind the gate that a browser opens itself, with the person's cookie: the viewer, and pictures.

No image passes through the portal. UIDs are checked before they become part of an address.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from portal.dicom import is_uid


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses on one installation.

    Parameters
    ----------
    public_url : str
        The address people open, without a path.

    """

    public_url: str

    def ohif(
        self,
        studies: Sequence[str],
        *,
        first_series: str | None = None,
        album: str | None = None,
        segmenting: bool = False,
    ) -> str:
        """Return where OHIF shows one or several studies.

        Parameters
        ----------
        studies : Sequence of str
            StudyInstanceUIDs, the first one shown first.
        first_series : str, optional
            SeriesInstanceUID of what is put on screen first.
        album : str, optional
            Slug of the album into which goes what is drawn and saved.
        segmenting : bool
            Whether it opens with the tools to draw segmentations.

        """
        if not studies or not all(is_uid(uid) for uid in studies):
            raise ValueError("the viewer is opened with StudyInstanceUIDs")
        query = {"StudyInstanceUIDs": ",".join(studies)}
        if first_series is not None and is_uid(first_series):
            query["initialSeriesInstanceUID"] = first_series
        if album is not None:
            query["album"] = album
        mode = "segmentation" if segmenting else "viewer"
        return f"{self.public_url}/ohif/{mode}?{urlencode(query, safe=',')}"

    def picture(self, series: str, *, size: int) -> str | None:
        """Return where a picture of a series is, at most ``size`` pixels a side; None without a UID."""
        if not is_uid(series):
            return None
        return f"{self.public_url}/api/series/{series}/picture?size={size}"

    def held(self, slug: str, picture: str, frame: int) -> str:
        """Return where one frame of a held picture of an album is."""
        place = f"{quote(slug, safe='')}/held/{quote(picture, safe='')}"
        return f"{self.public_url}/api/albums/{place}/picture?frame={frame}"

    def members(self, slug: str) -> str:
        """Return where the members of an album are had as a table."""
        return f"{self.public_url}/api/albums/{quote(slug, safe='')}/members?format=csv"

    def upload(self, slug: str) -> str:
        """Return the page from which files are put into an album: no page of the portal."""
        return f"{self.public_url}/upload/?{urlencode({'album': slug})}"

    def listing(self, slug: str) -> str:
        """Return the page that reads a list for an album from a file: no page of the portal."""
        return f"{self.public_url}/upload/list.html?{urlencode({'album': slug})}"

    def album_file(self, slug: str, *, study: str | None = None, form: str = "zip") -> str:
        """Return where an album is taken away, or one study as it is in the album.

        ``form`` is ``zip``, ``dicomdir``, or ``csv``: the list of its series and where DICOMweb gives each.
        """
        query = {"format": form} | ({"study": _checked(study)} if study is not None else {})
        what = "manifest" if form == "csv" else "archive"
        return f"{self.public_url}/api/albums/{quote(slug, safe='')}/{what}?{urlencode(query)}"

    def study_file(self, study: str, *, form: str = "zip") -> str:
        """Return where a study is taken away, as far as the person may."""
        return f"{self.public_url}/api/archives?{urlencode({'study': _checked(study), 'format': form})}"

    def selection_file(self, *, form: str = "zip") -> str:
        """Return where what the person has selected is taken away, as far as he may."""
        return f"{self.public_url}/api/selection/archive?{urlencode({'format': form})}"

    def signin(self, *, back_to: str, language: str) -> str:
        """Return where one signs in, to come back to ``back_to``: a path with its query."""
        return f"{self.public_url}/auth/signin?next={quote(back_to, safe='')}&lang={quote(language, safe='')}"

    @property
    def signout(self) -> str:
        """Where a form is posted to in order to sign out."""
        return f"{self.public_url}/auth/signout"

    def page(self, path: str, query: dict[str, str]) -> str:
        """Return the address of a page of the portal."""
        return f"{self.public_url}{page_path(path, query)}"


def _checked(uid: str) -> str:
    if not is_uid(uid):
        raise ValueError("what is taken away is named by its UID")
    return uid


def page_path(path: str, query: dict[str, str]) -> str:
    """Return the path and query of a page of the portal, as it stands in the address bar."""
    return f"/portal/{path}" + (f"?{urlencode(query)}" if query else "")
