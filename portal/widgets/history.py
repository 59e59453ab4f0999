"""What happened: its filters, its table, and all that is known of one entry."""

import json
from collections.abc import Sequence
from typing import Literal

import pandas as pd
import streamlit as st

from auth_service.vocabulary import ALBUM_LABEL_PREFIX, AuditEvent
from portal import words
from portal.audit import AuditEntry, AuditSearch
from portal.text import Text, markup, one_line
from portal.widgets import tables
from portal.widgets.filters import days

ROW_HEIGHT = 34
_COLUMNS = ("at", "event", "who", "about", "album", "why", "address", "count")
_EVENTS = tuple(str(event) for event in AuditEvent)


def filters(t: Text, *, album: str | None) -> AuditSearch:
    """Draw the filters in one row; ``album`` is given where only one is looked at."""
    keep = f"audit.{album}"
    with st.container(key="auditfilters", horizontal=True, vertical_alignment="bottom"):
        event = st.selectbox(
            t("Event"),
            _EVENTS,
            index=None,
            key=f"{keep}.event",
            format_func=lambda name: words.audit_event(t, name),
            placeholder=t("All events"),
            persist_state="session",
            width=230,
        )
        actor = _text(t("Who"), t("Part of a name"), f"{keep}.actor")
        chosen = album or _text(t("Album"), t("Its short name"), f"{keep}.album")
        target = _text(t("About"), t("Part of a UID or path"), f"{keep}.target", width="stretch")
        first, last = days(t, keep)
    return AuditSearch(event=event, actor=actor, album=chosen, target=target, first_day=first, last_day=last)


def file(t: Text, address: str) -> None:
    """Draw the button that takes all that matches away as a table."""
    st.link_button(
        t("Table (CSV)"), address, icon=":material/download:", help=t("All that matches, for a spreadsheet")
    )


def draw(t: Text, items: Sequence[AuditEntry], *, key: str, leave_out: Sequence[str]) -> None:
    """Draw one page of entries, and under it the entry that is chosen.

    Parameters
    ----------
    t : Text
        How to speak.
    items : Sequence of AuditEntry
        What to draw.
    key : str
        Changes with the question and the page, so that a chosen row is one of these.
    leave_out : Sequence of str
        Columns that would say nothing here.

    """
    shown = st.dataframe(
        pd.DataFrame([_row(t, item) for item in items]),
        key=key,
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=ROW_HEIGHT * len(items) + tables.HEAD_HEIGHT,
        placeholder="",
        alt=t("What happened"),
        on_select="rerun",
        selection_mode="single-row",
        column_order=[name for name in _COLUMNS if name not in leave_out],
        column_config={
            "at": st.column_config.TextColumn(t("When"), width=150, pinned=True),
            "event": st.column_config.TextColumn(t("Event"), width=185),
            "who": st.column_config.TextColumn(t("Who"), width=125),
            "about": st.column_config.TextColumn(t("About"), width=200),
            "album": st.column_config.TextColumn(t("Album"), width=100),
            "why": st.column_config.TextColumn(t("Why"), width=135),
            "address": st.column_config.TextColumn(t("From address"), width=100),
            "count": st.column_config.NumberColumn(t("Times"), width=55),
        },
    )
    rows = shown["selection"]["rows"]
    if rows and rows[0] < len(items):
        _whole(t, items[rows[0]])
    else:
        st.caption(t("Choose a row to read all that is known of it."))


def _row(t: Text, item: AuditEntry) -> dict[str, object]:
    return {
        "at": t.stamp(item.at),
        "event": words.audit_event(t, item.event),
        "who": one_line(words.actor(t, item.actor, item.actor_name)),
        "about": one_line(item.target or ""),
        "album": one_line((item.label or "").removeprefix(ALBUM_LABEL_PREFIX)),
        "why": one_line(words.audit_reason(t, item.reason or "")),
        "address": item.address or "",
        "count": item.count,
    }


def _whole(t: Text, item: AuditEntry) -> None:
    """Draw everything of one entry, under the names that the API and the file have for it."""
    rows = [
        (f"<code>{name}</code>", markup(_value(value)))
        for name, value in item.model_dump().items()
        if value not in (None, "", {})
    ]
    st.header(words.audit_event(t, item.event), anchor=False)
    st.html(tables.table([t("Field"), t("Value")], rows, shape="narrow"))


def _value(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _text(label: str, hint: str, key: str, *, width: int | Literal["stretch"] = 150) -> str:
    found = st.text_input(label, key=key, placeholder=hint, persist_state="session", width=width)
    return (found or "").strip()
