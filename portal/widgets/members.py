"""Members of an album: the grid of their rights, and the forms that give, change, and take over a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd
import streamlit as st

from auth_service.vocabulary import MEMBER_ACTIONS, Action, LineOutcome, Preset
from portal import words
from portal.answers import Album
from portal.members import (
    Candidates,
    ImportReport,
    Member,
    Terms,
    Wish,
    as_named,
    owns,
    presets_of,
    rights_of,
)
from portal.text import Text, markup, one_line
from portal.widgets import header, pieces, tables

ROW_HEIGHT = 36
LONGEST_NOTE = 255
LONGEST_NAME = 320

_GRID = tuple(action for action in Action if action in MEMBER_ACTIONS)
_SINGLE = "single"
_EXACTLY, _TOO, _WITHOUT = "exactly", "too", "without"
_LAST_DAY = date(2100, 12, 31)


@dataclass(frozen=True, slots=True)
class Pasted:
    """A table that was pasted."""

    table: str
    taken: bool
    """Whether it is to be taken over, and not only tried."""


def head(t: Text, album: Album, *, table: str) -> bool:
    """Draw the title, and for owners the two views; return whether it is that of who can see the album.

    Parameters
    ----------
    table : str
        The address where the members are had as a file.

    """
    views = {"rights": t("Rights"), "people": t("Who can see it, and why")}
    with st.container(key="head", horizontal=True, vertical_alignment="center"):
        header.title(t("Members"), [album.title])
        if not owns(album):
            return False
        chosen = st.segmented_control(
            t("View"),
            list(views),
            key=f"{album.slug}.members.view",
            default="rights",
            required=True,
            format_func=views.__getitem__,
            label_visibility="collapsed",
        )
        st.link_button(
            t("Table (CSV)"), table, icon=":material/download:", help=t("All members, for a spreadsheet")
        )
    return chosen == "people"


def table(t: Text, found: Sequence[Member], *, me: str, key: str) -> list[Member]:
    """Draw the members with their rights as a grid; return those that were chosen.

    Parameters
    ----------
    me : str
        The user name of who looks at it.
    key : str
        Changes with the members, so that chosen rows are those that were chosen.

    """
    narrow = {
        f"may_{action}": st.column_config.TextColumn(
            words.short_action(t, action), help=words.action(t, action), width=76, alignment="center"
        )
        for action in _GRID
    }
    shown = st.dataframe(
        pd.DataFrame([_row(t, member, me) for member in found]),
        key=key,
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=ROW_HEIGHT * len(found) + tables.HEAD_HEIGHT,
        placeholder="",
        alt=t("Members"),
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "who": st.column_config.TextColumn(t("Who"), width=175, pinned=True),
            "preset": st.column_config.TextColumn(t("Preset"), width=88),
            "until": st.column_config.DateColumn(t("Until"), format="YYYY-MM-DD", width=92),
            **narrow,
            "used": st.column_config.TextColumn(t("Last use"), width=130),
            "note": st.column_config.TextColumn(t("Note"), width=180),
            "user": st.column_config.TextColumn(t("User name"), width=120),
        },
    )
    return [found[row] for row in shown["selection"]["rows"] if row < len(found)]


def _used(t: Text, member: Member) -> str:
    """Say when rights were last used, or until when an invited address can use them."""
    if member.pending and member.expires:
        return t("invited until {day}", day=t.day(member.expires))
    return t.moment(member.last_use) if member.last_use else t("never")


def _row(t: Text, member: Member, me: str) -> dict[str, object]:
    subject, name = member.subject, one_line(member.subject.name)
    if member.pending:
        name = t("{name} (invited)", name=name)
    elif subject.user == me:
        name = t("{name} (you)", name=name)
    return {
        "who": name,
        "preset": words.preset(t, member.preset) if member.preset else t("own choice"),
        "until": member.until,
        **{f"may_{action}": "✔" if action in member.actions else "" for action in _GRID},
        "used": _used(t, member),
        "note": one_line(member.note),
        "user": one_line(subject.user or ""),
    }


def search(t: Text, *, key: str) -> str:
    """Draw the field in which one looks for somebody; return what was typed."""
    st.subheader(t("Add somebody"), anchor=False)
    text = st.text_input(
        t("Name, user name, group or e-mail address"),
        key=f"{key}.search",
        max_chars=LONGEST_NAME,
        icon=":material/person_search:",
        placeholder=t("Three letters or more; or a whole address"),
        live="300ms",
    )
    return " ".join((text or "").split())


def wish(t: Text, album: Album, text: str, found: Candidates, *, key: str) -> Wish | None:
    """Draw the form that gives rights; return what was asked for, when it was."""
    known = _known(t, text, found)
    label = st.selectbox(
        t("Who"), list(known), key=f"{key}.who.{text}", placeholder=t("Nobody yet"), disabled=not known
    )
    preset, actions = _rights(t, album, key)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        until = st.date_input(
            t("Last day (none: no end)"),
            None,
            date(2000, 1, 1),
            _LAST_DAY,
            key=f"{key}.until",
            format="YYYY-MM-DD",
            width=200,
        )
        note = st.text_input(t("Note"), key=f"{key}.note", max_chars=LONGEST_NOTE)
        sent = st.button(t("Add"), key=f"{key}.add", type="primary", icon=":material/person_add:")
    if not sent:
        return None
    if label not in known or not (preset or actions):
        st.warning(t("Say who it is, and what he may do."), icon=":material/edit:")
        return None
    day = until if isinstance(until, date) else None
    terms = Terms(preset=preset, actions=actions or None, until=day, note=(note or "").strip())
    return Wish(subject=known[label], terms=terms)


def _known(t: Text, text: str, found: Candidates) -> Mapping[str, Mapping[str, str]]:
    """Return whom the text may mean, by what is shown of them; last what was typed, taken as a whole name."""
    known: dict[str, Mapping[str, str]] = {}
    for person in found.people:
        facts = [one_line(part) for part in (person.name, person.user, person.email) if part]
        known[" · ".join(dict.fromkeys(facts))] = {"user": person.user}
    for group in found.groups:
        known[t("group {path}", path=one_line(group.group))] = {"group": group.group}
    if text:
        named = as_named(text)
        if not any(named == one for one in known.values()):
            known[t("exactly “{text}”", text=one_line(text))] = named
    return known


def _rights(t: Text, album: Album, key: str) -> tuple[str | None, tuple[str, ...]]:
    """Draw the choice of a preset, or of single rights; what cannot be given is not offered."""
    offered = [*map(str, presets_of(album)), _SINGLE]
    chosen = st.segmented_control(
        t("Rights"),
        offered,
        key=f"{key}.preset",
        default=offered[0],
        required=True,
        format_func=lambda name: t("single rights") if name == _SINGLE else words.preset(t, name),
    )
    if chosen != _SINGLE:
        given = Preset(chosen or offered[0])
        st.caption(_sentence(t, given))
        return str(given), ()
    single = st.pills(
        t("Single rights"),
        rights_of(album),
        key=f"{key}.actions",
        selection_mode="multi",
        format_func=lambda name: words.action(t, name),
        label_visibility="collapsed",
    )
    return None, tuple(single or ())


def _sentence(t: Text, preset: Preset) -> str:
    """Say what a preset is for."""
    return {
        Preset.VIEWER: t("Looks at images and comments."),
        Preset.READER: t("A viewer who may also take images away."),
        Preset.CONTRIBUTOR: t("A reader who adds series, and stores what is drawn in the viewer."),
        Preset.ANALYST: t("A reader who launches apps, takes tables away, and stores what is drawn."),
        Preset.CO_OWNER: t("Has every right, and decides about the members."),
    }[preset]


def change(t: Text, album: Album, chosen: Sequence[Member]) -> Terms | None:
    """Draw the form that changes those who are chosen; return the change, when it was asked for."""
    if not chosen:
        st.caption(t("Choose rows to change or take back what they give."))
        return None
    names = t.together([one_line(one.subject.name) for one in chosen])
    heading = t("Change what {names} may do", names=names)
    st.html(f'<p class="strong">{markup(heading)}</p>')
    key = "change." + ".".join(f"{one.state}{one.id}" for one in chosen)
    alone = chosen[0] if len(chosen) == 1 else None
    with st.form(key, border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            how = st.selectbox(
                t("Rights"),
                ["", *map(str, Preset), _EXACTLY, _TOO, _WITHOUT],
                format_func=lambda name: _how(t, name),
                width=220,
            )
            listed = st.multiselect(
                t("Single rights"),
                rights_of(album),
                format_func=lambda name: words.action(t, name),
                placeholder="",
            )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            when = {"": t("leave as it is"), "none": t("no end"), "day": t("this day")}
            ends = st.selectbox(t("Last day"), list(when), format_func=when.__getitem__, width=160)
            day = st.date_input(t("Day"), None, date(2000, 1, 1), _LAST_DAY, format="YYYY-MM-DD", width=160)
            note = st.text_input(
                t("Note"),
                value=alone.note if alone else "",
                max_chars=LONGEST_NOTE,
                placeholder="" if alone else t("leave as it is"),
            )
            sent = st.form_submit_button(t("Save"), type="primary", icon=":material/save:")
    if not sent:
        return None
    if (how in (_EXACTLY, _TOO, _WITHOUT) and not listed) or (ends == "day" and not isinstance(day, date)):
        st.warning(t("Say which rights, and which day."), icon=":material/edit:")
        return None
    said = (note or "").strip()
    return _terms(
        how,
        tuple(listed),
        until=day if ends == "day" and isinstance(day, date) else None,
        ends=bool(ends),
        note=said if (alone and said != alone.note) or (said and not alone) else None,
    )


def _terms(how: str, listed: tuple[str, ...], *, until: date | None, ends: bool, note: str | None) -> Terms:
    return Terms(
        preset=how if how in tuple(Preset) else None,
        role="member" if how == _EXACTLY else None,
        actions=listed if how == _EXACTLY else None,
        add=listed if how == _TOO else None,
        take=listed if how == _WITHOUT else None,
        until=until,
        ends=ends,
        note=note,
    )


def _how(t: Text, name: str) -> str:
    names = {
        "": t("leave as they are"),
        _EXACTLY: t("exactly the single rights"),
        _TOO: t("the single rights too"),
        _WITHOUT: t("without the single rights"),
    }
    return names.get(name) or words.preset(t, name)


def remove(t: Text, chosen: Sequence[Member]) -> bool:
    """Draw the way to take the rights of those who are chosen back; return whether it is wanted."""
    if not chosen:
        return False
    names = t.together([one_line(one.subject.name) for one in chosen])
    with st.popover(t("Take back"), icon=":material/person_remove:"):
        asked = t("Take all rights in this album back from {names}?", names=names)
        st.html(f"<p>{markup(asked)}</p>")
        return st.button(t("Yes, take them back"), key="takeback", type="primary")


def paste(t: Text, *, key: str) -> Pasted | None:
    """Draw the field for a table; return it when it is to be tried or taken over."""
    hint = t(
        "The first line names the columns: user, group or email; preset or actions; until; note. "
        "Copied from a spreadsheet it can be pasted as it is. Nobody is removed by it."
    )
    with st.expander(t("Paste a table"), icon=":material/table:"):
        st.html(f'<p class="quiet">{markup(hint)}</p>')
        text = st.text_area(t("Table"), key=f"{key}.table", height=150, label_visibility="collapsed")
        with st.container(horizontal=True):
            tried = st.button(t("Try it"), key=f"{key}.try", icon=":material/fact_check:")
            taken = st.button(t("Take it over"), key=f"{key}.take", icon=":material/upload:", type="primary")
    return Pasted(text, taken) if text and (tried or taken) else None


_COLOURS = {
    LineOutcome.NEW: "#4E8F4A",
    LineOutcome.CHANGED: "#0F6E84",
    LineOutcome.SAME: pieces.OTHER_COLOUR,
    LineOutcome.WRONG: "#C4553B",
}


def report(t: Text, told: ImportReport | None) -> None:
    """Say what a table does, or would do, line by line; without an answer it was said why."""
    if told is None:
        return
    counts = [
        t.plural("{count} new", "{count} new", told.new),
        t.plural("{count} changed", "{count} changed", told.changed),
        t.plural("{count} as it is", "{count} as they are", told.same),
        t.plural("{count} wrong line", "{count} wrong lines", told.wrong),
    ]
    nothing = "" if told.done else t("Nothing was done yet.")
    if told.wrong:
        nothing = t("Nothing is done while a line is wrong.")
    st.html(f'<p><strong>{markup(nothing)}</strong> <span class="quiet">{pieces.facts(counts)}</span></p>')
    names = {
        LineOutcome.NEW: t("new"),
        LineOutcome.CHANGED: t("changed"),
        LineOutcome.SAME: t("as it is"),
        LineOutcome.WRONG: t("wrong"),
    }
    rows = [
        (
            t.number(line.line),
            markup(line.subject),
            pieces.badge(words.named(names, line.outcome), words.named(_COLOURS, line.outcome)),
            markup(": ".join(part for part in (line.field, line.message) if part)),
        )
        for line in told.lines
    ]
    st.html(tables.table([t("Line"), t("Who"), t("What"), ""], rows))
