"""The way to take images away: how much it is, said beforehand, and in which forms."""

from collections.abc import Callable, Mapping

import streamlit as st

from portal import words
from portal.albums import SERIES_MEASURED_AT_ONCE
from portal.answers import Album, Size
from portal.text import Text
from portal.viewers import Addresses

_ICON = ":material/download:"


def draw(t: Text, size: Size, *, files: Mapping[str, str]) -> None:
    """Draw a button that opens to links.

    Parameters
    ----------
    t : Text
        How to speak.
    size : Size
        How much it is.
    files : mapping of str to str
        Addresses behind the gate by form: ``zip``, ``dicomdir``, ``csv``. No file passes through the portal.

    """
    label = t("Download ({load})", load=words.load(t, size))
    with st.popover(label, icon=_ICON, width="content"):
        _links(t, files)
        st.caption(t("Size before packing. Every download is on record."))


def album(t: Text, one: Album, measure: Callable[[], Size], addresses: Addresses) -> None:
    """Draw the way to take an album away; a large one is measured once this is opened."""
    files = {form: addresses.album_file(one.slug, form=form) for form in ("zip", "dicomdir", "csv")}
    if (one.series or 0) <= SERIES_MEASURED_AT_ONCE:
        size = measure()
        if size.series:
            draw(t, size, files=files)
        return
    label = t("Download ({load})", load=words.series(t, one.series or 0))
    opened = st.popover(label, icon=_ICON, width="content", key=f"download.{one.slug}", on_change="rerun")
    if opened.open:
        with opened:
            _links(t, files)
            with st.spinner(t("Measuring it")):
                load = words.load(t, measure())
            st.caption(load)
            st.caption(t("Size before packing. Every download is on record."))


def _links(t: Text, files: Mapping[str, str]) -> None:
    labels = {
        "zip": (t("Zip"), ":material/folder_zip:", t("The files, in folders by patient, study and series")),
        "dicomdir": (
            t("Zip with DICOMDIR"),
            ":material/album:",
            t("For viewers that open a disc of images"),
        ),
        "csv": (
            t("List for programs (CSV)"),
            ":material/list:",
            t("Each series with the address from which DICOMweb gives it"),
        ),
    }
    for form, address in files.items():
        label, icon, explained = labels[form]
        st.link_button(label, address, icon=icon, help=explained, width="stretch")


def study(t: Text, size: Size, uid: str, slug: str | None, addresses: Addresses) -> None:
    """Draw the way to take a study away, as it is in an album, or all of it that the person may."""
    files = {
        form: addresses.album_file(slug, study=uid, form=form)
        if slug
        else addresses.study_file(uid, form=form)
        for form in ("zip", "dicomdir")
    }
    draw(t, size, files=files)
