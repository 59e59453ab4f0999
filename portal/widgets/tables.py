"""Tables: the studies of an album, the attributes of a study, rights, and sessions."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from portal import words
from portal.albums import StudyWithFace
from portal.answers import Membership
from portal.dicom import Study
from portal.text import Text, markup, one_line
from portal.viewers import Addresses, page_path
from portal.widgets import pieces

ROW_HEIGHT = 44
HEAD_HEIGHT = 36
OPEN = "studies.open"
"""Under which key the clicked row is found."""


def studies(
    t: Text,
    items: Sequence[StudyWithFace],
    *,
    addresses: Addresses,
    modalities: Sequence[str],
    into: str | None,
    on_open: Callable[[Sequence[str]], None],
) -> None:
    """Draw one page of an album's studies.

    Parameters
    ----------
    t : Text
        How to speak.
    items : Sequence of StudyWithFace
        What to draw.
    addresses : Addresses
        Where pictures and the viewer are.
    modalities : Sequence of str
        All modalities of the album: the column's colours stay the same from page to page.
    into : str or None
        Slug of the album into which goes what is drawn in the viewer.
    on_open : callable
        Called with the StudyInstanceUIDs of the rows when the button of one is clicked.

    """
    frame = pd.DataFrame([_row(t, item, addresses, into) for item in items])
    known = sorted({*modalities, *(one for item in items for one in item.study.ModalitiesInStudy)})
    st.dataframe(
        frame,
        key="studies",
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=ROW_HEIGHT * len(items) + HEAD_HEIGHT,
        placeholder="",
        alt=t("Studies of the album"),
        column_config={
            **study_columns(t, [item.study for item in items], known, key=OPEN, on_open=on_open),
            "description": st.column_config.TextColumn(t("Description")),
            "series": st.column_config.NumberColumn(t("Series"), width=60),
            "images": st.column_config.NumberColumn(t("Images"), width=68),
        },
    )


def study_columns(
    t: Text,
    studies: Sequence[Study],
    modalities: Sequence[str],
    *,
    key: str,
    on_open: Callable[[Sequence[str]], None],
) -> dict[str, Any]:
    """Return the columns that every table with studies in its rows has; `study_cells` are what is in them.

    Parameters
    ----------
    t : Text
        How to speak.
    studies : Sequence of Study
        Those of the rows.
    modalities : Sequence of str
        All that may stand in the column of modalities, in the order of their colours.
    key : str
        Under which the clicked row is found.
    on_open : callable
        Called with the StudyInstanceUIDs of the rows when the button of one is clicked.

    """
    return {
        "picture": st.column_config.ImageColumn("", width=60, pinned=True),
        "patient": st.column_config.ButtonColumn(
            t("Patient"),
            help=t("Opens the study's page"),
            alignment="left",
            pinned=True,
            key=key,
            on_click=on_open,
            args=([study.StudyInstanceUID for study in studies],),
        ),
        "ohif": st.column_config.LinkColumn(t("Viewer"), display_text="OHIF ↗", width=95, pinned=True),
        "person": st.column_config.TextColumn(t("Sex / age"), width=80),
        "date": st.column_config.DateColumn(t("Date"), format="YYYY-MM-DD", width=95),
        "modalities": st.column_config.MultiselectColumn(
            t("Modalities"), options=modalities, color=[pieces.colour(one) for one in modalities]
        ),
    }


def study_cells(
    t: Text, study: Study, picture: str | None, viewer: str, modalities: Sequence[str]
) -> dict[str, object]:
    """Return what stands in those columns, and the study's description; the columns follow this order."""
    return {
        "picture": picture,
        "patient": one_line(study.patient) or t("Study"),
        "ohif": viewer,
        "person": " · ".join(
            part for part in (words.sex(t, study.PatientSex), words.age(t, study.age)) if part
        ),
        "date": study.StudyDate,
        "description": one_line(study.StudyDescription),
        "modalities": list(modalities),
    }


def _row(t: Text, item: StudyWithFace, addresses: Addresses, into: str | None) -> dict[str, object]:
    study, face = item.study, item.face
    picture = addresses.picture(face.SeriesInstanceUID, size=96) if face else None
    viewer = addresses.ohif([study.StudyInstanceUID], album=into)
    return study_cells(t, study, picture, viewer, study.ModalitiesInStudy) | {
        "series": study.NumberOfStudyRelatedSeries,
        "images": study.NumberOfStudyRelatedInstances,
    }


def attributes(t: Text, study: Study) -> None:
    """Draw a study's key attributes under DICOM's own names."""
    values = [
        ("PatientID", study.PatientID),
        ("PatientName", study.PatientName),
        ("PatientSex", words.sex(t, study.PatientSex)),
        ("PatientAge", words.age(t, study.age)),
        ("PatientBirthDate", t.day(study.PatientBirthDate) if study.PatientBirthDate else ""),
        ("StudyDate", t.day(study.StudyDate) if study.StudyDate else ""),
        ("StudyTime", f"{study.StudyTime:%H:%M}" if study.StudyTime else ""),
        ("StudyDescription", study.StudyDescription),
        ("StudyID", study.StudyID),
        ("AccessionNumber", study.AccessionNumber),
        ("ReferringPhysicianName", study.ReferringPhysicianName),
        ("InstitutionName", study.InstitutionName),
        ("ModalitiesInStudy", ", ".join(study.ModalitiesInStudy)),
        ("StudyInstanceUID", study.StudyInstanceUID),
    ]
    rows = [(f"<code>{name}</code>", markup(value)) for name, value in values if value]
    st.html(table([t("Attribute"), t("Value")], rows, shape="narrow"))


def rights(t: Text, albums: Sequence[Membership]) -> None:
    """Draw what the person may do in each album."""
    rows = [
        (
            f'<a href="{markup(page_path("album", {"album": one.slug}))}">{markup(one.title)}</a>',
            markup(words.album_role(t, one.role)),
            markup(words.actions(t, one.actions)),
            markup(t.day(one.until) if one.until else t("no end")),
        )
        for one in albums
    ]
    st.html(table([t("Album"), t("Role"), t("Rights"), t("Until")], rows, shape="rights"))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, shape: str = "") -> str:
    """Return an HTML table; heads are text, cells are HTML already."""
    head = "".join(f'<th scope="col">{markup(name)}</th>' for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="scroll"><table class="grid {shape}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
