"""The page Search: its form, the saved searches, and the table of what was found."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

import pandas as pd
import streamlit as st

from portal import words
from portal.answers import SavedSearch
from portal.search import Found, Search, SearchLevel, Sex, titles
from portal.text import Text, one_line, plain
from portal.viewers import Addresses
from portal.widgets import places, tables
from portal.widgets.tables import HEAD_HEIGHT, ROW_HEIGHT

OPEN = "found.open"
"""Under which key the clicked row is found."""

_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(2100, 1, 1)
_LEVELS: tuple[SearchLevel, ...] = tuple(SearchLevel)
_SEXES = ("", *(str(one) for one in Sex))
_LONGEST = 100


def form(t: Text, asked: Search) -> Search | None:
    """Draw the form, filled with the question of the address; return what was asked, when it was."""
    # Another question in the address is another form: what was typed into the last one is gone.
    with st.form(f"search.{hash(asked)}", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            level = st.segmented_control(
                t("Look for"),
                _LEVELS,
                default=asked.level,
                required=True,
                format_func=lambda one: words.search_level(t, one),
            )
            texts = {
                "PatientName": _text(t("Patient name"), asked.PatientName),
                "PatientID": _text(t("Patient ID"), asked.PatientID),
                "AccessionNumber": _text(t("Accession number"), asked.AccessionNumber),
                "Modality": _text(t("Modality"), asked.Modality, width=90).upper(),
            }
        with st.container(horizontal=True, vertical_alignment="bottom"):
            texts |= {
                "StudyDescription": _text(t("Study description"), asked.StudyDescription),
                "SeriesDescription": _text(t("Series description"), asked.SeriesDescription),
                "BodyPartExamined": _text(t("Body part"), asked.BodyPartExamined),
                "Manufacturer": _text(t("Manufacturer"), asked.Manufacturer),
            }
        with st.container(horizontal=True, vertical_alignment="bottom"):
            numbers = _numbers(t, asked)
            sex = st.selectbox(
                t("Sex"),
                _SEXES,
                index=_SEXES.index(asked.PatientSex),
                format_func=lambda one: words.sex(t, one) or t("any"),
                width=110,
            )
            first = _day(t("Study from"), asked.first_day)
            last = _day(t("Study to"), asked.last_day)
            sent = st.form_submit_button(t("Search"), type="primary", icon=":material/search:")
    if not sent:
        return None
    written: dict[str, Any] = {**texts, **numbers}
    return Search(level=level, first_day=first, last_day=last, PatientSex=sex, **written)


def _text(label: str, value: str, *, width: int = 190) -> str:
    written = st.text_input(label, value=value, max_chars=_LONGEST, width=width)
    return " ".join((written or "").split())


def _numbers(t: Text, asked: Search) -> dict[str, float | None]:
    return {
        "thickness_from": _number(t("Slice thickness from (mm)"), asked.thickness_from, step=0.1),
        "thickness_to": _number(t("Slice thickness to (mm)"), asked.thickness_to, step=0.1),
        "age_from": _number(t("Age from"), asked.age_from, step=1.0, width=100),
        "age_to": _number(t("Age to"), asked.age_to, step=1.0, width=100),
    }


def _number(label: str, value: float | None, *, step: float, width: int = 190) -> float | None:
    return st.number_input(
        label,
        min_value=0.0,
        max_value=1000.0,
        value=value,
        step=step,
        format="%g",
        width=width,
    )


def _day(label: str, value: date | None) -> date | None:
    chosen = st.date_input(label, value, _FIRST_DAY, _LAST_DAY, format="YYYY-MM-DD", width=140)
    return chosen if isinstance(chosen, date) else None


def saved(
    t: Text,
    kept: Sequence[SavedSearch],
    asked: Search,
    save: Callable[[str], bool],
    forget: Callable[[int], None],
) -> None:
    """Draw the searches that were saved, and the way to save this one.

    Parameters
    ----------
    t : Text
        How to speak.
    kept : Sequence of SavedSearch
        What was saved.
    asked : Search
        The question of the page.
    save : callable
        Keeps it under a name; tells whether that was possible.
    forget : callable
        Deletes a search by its number.

    """
    with (
        st.container(key="savedsearches", horizontal=True, vertical_alignment="center"),
        st.popover(t("Saved searches"), icon=":material/bookmark:", width="content"),
    ):
        if not kept:
            st.caption(t("You have not saved a search yet."))
        for one in kept:
            with st.container(horizontal=True, vertical_alignment="center"):
                query = Search.of(dict(parse_qsl(one.query))).query
                st.page_link(
                    places.SEARCH, label=plain(one.name), icon=":material/search:", query_params=query
                )
                st.button(
                    t("Delete"), key=f"forget.{one.id}", on_click=forget, args=(one.id,), type="tertiary"
                )
        with st.form(f"save.{hash(asked)}", border=False):
            name = st.text_input(t("Save this search as"), max_chars=_LONGEST)
            if st.form_submit_button(t("Save")) and name.strip():
                if save(name.strip()):
                    st.rerun()
                st.warning(t("This search cannot be saved. You may have too many: delete one first."))


def table(
    t: Text,
    items: Sequence[Found],
    *,
    key: str,
    selected: Sequence[str],
    albums: Mapping[str, str],
    addresses: Addresses,
    on_open: Callable[[Sequence[str]], None],
    on_tick: Callable[[str, Sequence[str], Sequence[int]], None],
) -> None:
    """Draw one page of what was found.

    Parameters
    ----------
    t : Text
        How to speak.
    items : Sequence of Found
        What to draw.
    key : str
        Changes with the question and the page, so that a ticked row is one of these.
    selected : Sequence of str
        The identifiers of what is selected, on this page or elsewhere.
    albums : mapping of str to str
        The titles of the person's albums by their labels.
    addresses : Addresses
        Where pictures and the viewer are.
    on_open : callable
        Called with the StudyInstanceUIDs of the rows when the button of one is clicked.
    on_tick : callable
        Called with the key, the identifiers of the rows, and those ticked at first, when rows are ticked.

    """
    uids = [item.uid for item in items]
    chosen = set(selected)
    ticked = [row for row, uid in enumerate(uids) if uid in chosen]
    known = sorted({one for item in items for one in _modalities(item)})
    st.dataframe(
        pd.DataFrame([_row(t, item, albums, addresses) for item in items]),
        key=key,
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=ROW_HEIGHT * len(items) + HEAD_HEIGHT,
        placeholder="",
        alt=t("What was found"),
        selection_mode="multi-row",
        selection_default={"selection": {"rows": ticked}},
        on_select=lambda: on_tick(key, uids, ticked),
        column_config={
            **tables.study_columns(t, [item.study for item in items], known, key=OPEN, on_open=on_open),
            "description": st.column_config.TextColumn(t("Study description")),
            "series": st.column_config.TextColumn(t("Series description")),
            "albums": st.column_config.TextColumn(t("Albums")),
            "body": st.column_config.TextColumn(t("Body part")),
            "maker": st.column_config.TextColumn(t("Manufacturer")),
            "thickness": st.column_config.TextColumn(t("Slice (mm)"), width=80),
            "count": st.column_config.NumberColumn(t("Series"), width=60),
            "images": st.column_config.NumberColumn(t("Images"), width=68),
        },
    )


def _modalities(item: Found) -> tuple[str, ...]:
    return (item.series.Modality,) if item.series else item.study.ModalitiesInStudy


def _row(t: Text, item: Found, albums: Mapping[str, str], addresses: Addresses) -> dict[str, object]:
    study, series, face = item.study, item.series, item.face
    picture = addresses.picture(face.SeriesInstanceUID, size=96) if face and face.has_picture else None
    first = series.SeriesInstanceUID if series else None
    viewer = addresses.ohif([study.StudyInstanceUID], first_series=first)
    row = tables.study_cells(t, study, picture, viewer, _modalities(item))
    row["albums"] = one_line(", ".join(titles(item.labels, albums)))
    if series is None:
        return row | {
            "count": study.NumberOfStudyRelatedSeries,
            "images": study.NumberOfStudyRelatedInstances,
        }
    return row | {
        "series": one_line(series.SeriesDescription),
        "body": one_line(series.BodyPartExamined),
        "maker": one_line(series.Manufacturer),
        "thickness": one_line(series.SliceThickness),
        "images": series.NumberOfSeriesRelatedInstances,
    }
