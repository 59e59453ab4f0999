"""Cards of albums and of series, all of one height in a row."""

from collections.abc import Sequence
from enum import Enum, auto

import streamlit as st

from portal import words
from portal.answers import Album
from portal.dicom import Series
from portal.text import Text, markup, one_line, plain
from portal.viewers import Addresses
from portal.widgets import pieces, places

_SMALL, _LARGE = 192, 512
"""Pixels of a side: twice what is drawn, for screens of high density."""

_SHOWN_MODALITIES = 6


class Wish(Enum):
    """What a person can ask for on the card of an album."""

    FAVOURITE = auto()
    LEAVE = auto()


def albums(t: Text, items: tuple[Album, ...], addresses: Addresses) -> tuple[Wish, Album] | None:
    """Draw one card for each album; return what was asked for of which."""
    wish = None
    grid = st.grid(3, min_column_width=300, border=True, key="albums")
    for album in items:
        with grid.cell(), st.container(key=f"card-album-{album.slug}"):
            wish = _album(t, album, addresses) or wish
    return wish


def _album(t: Text, album: Album, addresses: Addresses) -> tuple[Wish, Album] | None:
    picture = album.picture
    address = addresses.picture(picture.series, size=_SMALL) if picture else None
    alt = t("Picture from the album {title}", title=album.title) if address else t("No picture")
    with st.container(horizontal=True, wrap=False, gap="small"):
        st.html(pieces.picture(address, alt, shape="small"), width=88)
        with st.container(gap=None):
            st.page_link(places.ALBUM, label=plain(album.title), icon="", query_params={"album": album.slug})
            st.html(f'<p class="description">{markup(album.description)}</p>')
            modalities = album.modalities or ()
            shown = modalities[:_SHOWN_MODALITIES]
            rest = len(modalities) - len(shown)
            more = f'<span class="quiet">+{rest}</span>' if rest else ""
            st.html(f'<p class="badges">{pieces.badges(shown)}{more}</p>')
    counts = pieces.facts(
        [
            words.studies(t, album.studies) if album.studies is not None else "",
            words.series(t, album.series) if album.series is not None else "",
        ]
    )
    right = markup(words.right(t, album.role, album.actions))
    st.html(
        f'<div class="quiet feet"><span>{counts}</span><span>{pieces.sign("history")}'
        f"{markup(t.moment(album.changed))}</span>"
        f'<span class="whole">{pieces.sign("person")}{right}</span></div>'
    )
    return _tools(t, album)


def _tools(t: Text, album: Album) -> tuple[Wish, Album] | None:
    """Draw what can be done with an album without opening it."""
    shape = "starred" if album.favourite else "plain"
    with st.container(key=f"tools-{shape}-{album.slug}", horizontal=True, gap="small"):
        starred = st.button(
            t("Favourite") if album.favourite else t("Add to favourites"),
            key=f"favourite-{album.slug}",
            type="tertiary",
            icon=":material/star:",
            help=t("No favourite any more") if album.favourite else t("Find it under your favourites"),
        )
        with st.popover(t("Leave"), icon=":material/logout:", type="tertiary"):
            st.caption(t("Your own rights in this album end. An owner can give them again."))
            left = st.button(t("Leave this album"), key=f"leave-{album.slug}")
    if starred:
        return Wish.FAVOURITE, album
    return (Wish.LEAVE, album) if left else None


def series(t: Text, items: Sequence[Series], addresses: Addresses, *, into: str | None) -> None:
    """Draw one card for each series; what is drawn in the viewer is saved ``into`` an album, if any."""
    grid = st.grid(4, min_column_width=220, border=True, key="series")
    for one in items:
        with grid.cell(), st.container(key=f"card-series-{one.SeriesInstanceUID}"):
            _series(t, one, addresses, into)


def _series(t: Text, one: Series, addresses: Addresses, into: str | None) -> None:
    address = addresses.picture(one.SeriesInstanceUID, size=_LARGE) if one.has_picture else None
    title = _title(t, one)
    alt = t("Picture from the series {title}", title=title) if address else t("No picture")
    thickness = t("{millimetres} mm", millimetres=one.SliceThickness) if one.SliceThickness else ""
    images = one.NumberOfSeriesRelatedInstances
    st.html(
        pieces.picture(address, alt, shape="wide")
        + f"<h2>{markup(title)}</h2>"
        + f'<p class="badges">{pieces.badges([one.Modality] if one.Modality else [])}</p>'
        + '<p class="quiet">'
        + pieces.facts(
            [
                words.images(t, images) if images is not None else "",
                one.BodyPartExamined.capitalize(),
                thickness,
                one.ConvolutionKernel,
            ]
        )
        + "</p>"
    )
    st.link_button(
        t("View"),
        addresses.ohif([one.StudyInstanceUID], first_series=one.SeriesInstanceUID, album=into),
        icon=":material/visibility:",
        help=t("Opens OHIF in a new tab, this series first"),
    )


def _title(t: Text, one: Series) -> str:
    name = one_line(one.SeriesDescription or one.ProtocolName) or t("Series without a description")
    return name if one.SeriesNumber is None else f"{one.SeriesNumber} · {name}"
