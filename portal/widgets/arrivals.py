"""What came by DICOM and waits: a table in which rows are ticked, and what is to become of them."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from auth_service.vocabulary import ArrivalReason, LineFailure
from portal import words
from portal.arrivals import LONGEST_REASON, Arrival
from portal.text import Text, one_line
from portal.widgets.tables import HEAD_HEIGHT, ROW_HEIGHT


def table(t: Text, items: Sequence[Arrival], *, key: str) -> list[int]:
    """Draw a page of series; return the numbers of those that are ticked."""
    event = st.dataframe(
        pd.DataFrame([_row(t, item) for item in items]),
        key=key,
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=ROW_HEIGHT * len(items) + HEAD_HEIGHT,
        placeholder="",
        alt=t("Series that wait to be filed"),
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "patient": st.column_config.TextColumn(t("Patient"), pinned=True),
            "date": st.column_config.TextColumn(t("Date"), width=95),
            "study": st.column_config.TextColumn(t("Study description")),
            "series": st.column_config.TextColumn(t("Series description")),
            "modality": st.column_config.TextColumn(t("Modality"), width=80),
            "images": st.column_config.NumberColumn(t("Images"), width=68),
            "sender": st.column_config.TextColumn(t("Sent by")),
            "arrived": st.column_config.TextColumn(t("Arrived")),
            "why": st.column_config.TextColumn(t("Why it waits")),
        },
    )
    rows = event.selection.rows if event else []
    return [items[row].id for row in rows if row < len(items)]


def decide(t: Text, chosen: Sequence[int]) -> tuple[str | None, str | None]:
    """Draw what can be done with the ticked rows; return their album, or why they are put aside."""
    if not chosen:
        st.caption(t("Tick rows to file them or to put them aside, many at once."))
        return None, None
    album = reason = None
    count = t.plural("{count} selected", "{count} selected", len(chosen))
    st.markdown(f"**{count}**")
    filing, aside = st.columns(2)
    with filing, st.form("arrivals.file"):
        slug = st.text_input(t("Short name of the album"), max_chars=64)
        st.caption(t("It is in the album's address."))
        if st.form_submit_button(t("Put into the album"), icon=":material/playlist_add:"):
            album = slug.strip()
            if not album:
                st.warning(t("Say into which album."), icon=":material/edit:")
    with aside, st.form("arrivals.dismiss"):
        why = st.text_input(t("Reason, for the record"), max_chars=LONGEST_REASON)
        st.caption(t("Nothing is deleted: it stays in the archive, in nobody's album."))
        if st.form_submit_button(t("Put aside"), icon=":material/inbox:"):
            reason = why.strip()
            if not reason:
                st.warning(t("Say why."), icon=":material/edit:")
    return album or None, reason or None


def why_it_waits(t: Text, reason: str | None) -> str:
    """Say why a series was filed by no rule."""
    names = {
        ArrivalReason.NO_RULE: t("no rule is about it"),
        ArrivalReason.NO_ALBUM: t("the album of the rule takes nothing in"),
        ArrivalReason.MIXED: t("its images came from several senders"),
        ArrivalReason.DEIDENTIFIES: t("the album takes nothing that is not de-identified"),
        ArrivalReason.NO_PEERS: t("the list of senders cannot be used"),
        LineFailure.MISSING: t("not found"),
        LineFailure.AMBIGUOUS: t("there more than once"),
        LineFailure.CANCELLED: t("filing it was stopped"),
    }
    return words.named(names, reason or "")


def _row(t: Text, item: Arrival) -> dict[str, object]:
    return {
        "patient": one_line(item.patient_id) if item.present else t("no longer in the archive"),
        "date": one_line(item.study_date),
        "study": one_line(item.study_description),
        "series": one_line(item.series_description),
        "modality": one_line(item.modality),
        "images": item.instances,
        "sender": one_line(f"{item.ae_title} ({item.address})"),
        "arrived": t.moment(item.arrived),
        "why": why_it_waits(t, item.reason),
    }
