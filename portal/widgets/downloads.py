"""The way to take images away: how much it is, said beforehand, and in which forms."""

from collections.abc import Mapping

import streamlit as st

from portal import words
from portal.answers import Size
from portal.text import Text
from portal.viewers import Addresses


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
    with st.popover(
        t("Download ({load})", load=words.load(t, size)), icon=":material/download:", width="content"
    ):
        for form, address in files.items():
            label, icon, explained = labels[form]
            st.link_button(label, address, icon=icon, help=explained, width="stretch")
        st.caption(t("Size before packing. Every download is on record."))


def album(t: Text, size: Size, slug: str, addresses: Addresses) -> None:
    """Draw the way to take an album away."""
    if size.series:
        draw(
            t,
            size,
            files={form: addresses.album_file(slug, form=form) for form in ("zip", "dicomdir", "csv")},
        )


def study(t: Text, size: Size, uid: str, slug: str | None, addresses: Addresses) -> None:
    """Draw the way to take a study away, as it is in an album, or all of it that the person may."""
    files = {
        form: addresses.album_file(slug, study=uid, form=form)
        if slug
        else addresses.study_file(uid, form=form)
        for form in ("zip", "dicomdir")
    }
    draw(t, size, files=files)
