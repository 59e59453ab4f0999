"""An album's contents: a form that names what to put in or take out, what comes of it, and its changes."""

import time
from collections.abc import Sequence
from typing import Literal, NamedTuple

import pandas as pd
import streamlit as st

from auth_service.vocabulary import Action, ActorKind, ChangeState, ChangeVerb
from portal import words
from portal.answers import Album, Membership
from portal.contents import LONGEST_LIST, Change, Looked, NotTaken, Verb, Wish, names
from portal.text import Text, markup, one_line
from portal.viewers import Addresses
from portal.widgets import pieces, tables

_AGAIN_SECONDS = 2.0
"""How often a page looks again while something is under way."""

_SHOWN_ROWS = 8
"""Rows that a table shows before it scrolls."""

_COLOURS = {
    ChangeState.RECEIVING: "#2F6FDE",
    ChangeState.WAITING: "#8A8F98",
    ChangeState.RUNNING: "#2F6FDE",
    ChangeState.DONE: "#2E8B57",
    ChangeState.FAILED: "#C0392B",
    ChangeState.CANCELLED: "#B7791F",
}


class Wanted(NamedTuple):
    """What is wanted of a change."""

    verb: Literal["undo", "stop"]
    change: str


def verbs(album: Album) -> list[Verb]:
    """Return what the person may do to the contents of an album."""
    may: list[tuple[Action, Verb]] = [(Action.UPLOAD, "add"), (Action.REMOVE, "remove")]
    return [verb for action, verb in may if action in album.actions]


def form(t: Text, album: Album, others: Sequence[Membership], addresses: Addresses) -> Wish | None:
    """Draw the form, for who may change anything; return what is to be looked up, when he asks for it.

    Parameters
    ----------
    t : Text
        How to speak.
    album : Album
        Whose contents.
    others : sequence of Membership
        Albums that a whole one can be taken from.
    addresses : Addresses
        Where a list can be given as a file.

    """
    titles = {one.slug: one.title for one in others if one.slug != album.slug}
    if not verbs(album):
        return None
    labels = {"add": t("Put in"), "remove": t("Take out")}
    verb = st.segmented_control(
        t("What to do"),
        verbs(album),
        default=verbs(album)[0],
        format_func=lambda one: labels[one],
        key="contents.verb",
        required=True,
    )
    listed = st.text_area(
        t("A list, one name to a line"),
        key="contents.names",
        height=150,
        placeholder=t("Study or series UIDs, accession numbers, patient IDs"),
    )
    st.caption(
        t("Of a line with several columns the first one counts: a column of a spreadsheet can be pasted.")
    )
    _from_file(t, album, addresses)
    source = None
    if titles:
        source = st.selectbox(
            t("Or a whole album"),
            list(titles),
            index=None,
            format_func=lambda slug: one_line(titles[slug]),
            key="contents.album",
            placeholder="",
        )
    if not st.button(t("Look them up"), icon=":material/search:", key="contents.look"):
        return None
    wish = Wish(verb=verb, names=names(listed), album=source)
    if wish.empty:
        st.warning(t("Name at least one study, or choose an album."), icon=":material/edit:")
        return None
    if len(wish.names) > LONGEST_LIST:
        st.warning(
            t("A list holds at most {most} names.", most=t.number(LONGEST_LIST)), icon=":material/edit:"
        )
        return None
    return wish


def _from_file(t: Text, album: Album, addresses: Addresses) -> None:
    """Draw the way to the page that reads a list from a file: none passes through here."""
    if not album.archived:
        # Streamlit's own links to other pages than its own open a new window.
        address, name = markup(addresses.listing(album.slug)), t("A list from a file…")
        label = f"{pieces.sign('description')} {markup(name)}"
        st.html(f'<a class="button outlined" href="{address}">{label}</a>', width="content")


def prospect(t: Text, looked: Looked) -> bool | None:
    """Draw what would come of a wish; return whether it is to be done, or ``None`` while nothing is said."""
    found, adds = looked.prospect, looked.wish.verb == "add"
    with st.container(border=True, key="prospect"):
        if found.series:
            series = words.series(t, found.series)
            studies = t.plural("of {count} study", "of {count} studies", found.studies)
            st.html(f'<p class="strong">{markup(f"{series} {studies}")}</p>')
        else:
            nothing = t("Nothing of it can be put in.") if adds else t("Nothing of it is in the album.")
            st.html(f'<p class="strong">{markup(nothing)}</p>')
        if found.present:
            st.html(f'<p class="quiet">{markup(_present(t, found.present))}</p>')
        _not_taken(t, found.failed, found.failed_total, key="prospect")
        with st.container(horizontal=True):
            do = bool(found.series) and st.button(
                t("Put them in") if adds else t("Take them out"), type="primary", key="contents.do"
            )
            leave = st.button(t("Leave it"), key="contents.leave")
    return True if do else False if leave else None


def changes(t: Text, items: Sequence[Change], *, may_undo: bool) -> Wanted | None:
    """Draw changes, the newest first; return what is wanted of one of them."""
    taken_back = {one.undoes for one in items}
    wanted = [_change(t, one, may_undo=may_undo and one.id not in taken_back) for one in items]
    return next((one for one in wanted if one is not None), None)


def _change(t: Text, one: Change, *, may_undo: bool) -> Wanted | None:
    wanted = None
    with st.container(border=True, key=f"change-{one.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(_what(t, one))
            state = words.change_state(t, one.state) if not one.stopping else t("stopping")
            st.html(pieces.badge(state, _colour(one)), width="content")
            if one.under_way:
                wanted = _stop(t, one)
            elif may_undo and one.done:
                wanted = _undo(t, one)
        if one.under_way and one.total:
            st.progress(
                (one.total - one.due) / one.total,
                text=t("{done} of {total}", done=t.number(one.done), total=t.number(one.total)),
            )
        _grown(t, one)
        if one.staying:
            st.caption(
                t.plural(
                    "{count} image of that change stays: the album had its series before.",
                    "{count} images of that change stay: the album had their series before.",
                    one.staying,
                )
            )
        _not_taken(t, one.failed, one.failed_total, key=one.id)
    return wanted


def _stop(t: Text, one: Change) -> Wanted | None:
    if one.stopping or not st.button(t("Stop"), key=f"stop-{one.id}", icon=":material/stop_circle:"):
        return None
    return Wanted("stop", one.id)


def _undo(t: Text, one: Change) -> Wanted | None:
    """Ask once more: what was put in long ago, and much of it, is taken out by this."""
    with st.popover(t("Take back"), icon=":material/undo:"):
        says = (
            t.plural("{count} series is taken out again.", "{count} series are taken out again.", one.done)
            if one.verb == ChangeVerb.ADD
            else t.plural("{count} series is put in again.", "{count} series are put in again.", one.done)
        )
        st.caption(says)
        st.caption(t("What was changed since stays as it is."))
        if one.grown_images:
            st.caption(_stay(t))
        if st.button(t("Take it back"), key=f"undo-{one.id}", type="primary"):
            return Wanted("undo", one.id)
    return None


def look_again() -> None:
    """Run the page again soon: something on it goes on."""
    drawn = time.monotonic()

    @st.fragment(run_every=_AGAIN_SECONDS)
    def again() -> None:
        # The first run is the page's own.
        if time.monotonic() - drawn >= _AGAIN_SECONDS / 2:
            st.rerun()

    again()


SYSTEM = str(ActorKind.SYSTEM)
"""What the audit calls who did something that nobody asked for."""


def _present(t: Text, count: int) -> str:
    return t.plural(
        "{count} of them is in the album already.", "{count} of them are in the album already.", count
    )


def _what(t: Text, one: Change) -> str:
    adds = one.verb == ChangeVerb.ADD
    count = one.done if not one.under_way else one.total
    did = (
        t.plural("{count} series put in", "{count} series put in", count)
        if adds
        else t.plural("{count} series taken out", "{count} series taken out", count)
    )
    facts = [t("the system") if one.by == SYSTEM else one_line(one.by), t.moment(one.created)]
    if one.undoes:
        facts.append(t("takes back an earlier change"))
    return f'<p class="strong">{markup(did)}</p><p class="quiet">{pieces.facts(facts)}</p>'


def _colour(one: Change) -> str:
    return next((colour for state, colour in _COLOURS.items() if state == one.state), "#8A8F98")


def _grown(t: Text, one: Change) -> None:
    """Draw which series that the album had before got images; who only fills it is told how many."""
    if not one.grown_images:
        return
    says = t.plural(
        "{count} image went into {series} that the album had before",
        "{count} images went into {series} that the album had before",
        one.grown_images,
        series=words.series(t, one.grown_total),
    )
    with st.expander(says, icon=":material/add_photo_alternate:"):
        st.caption(_stay(t))
        if not one.grown:
            return
        st.dataframe(
            pd.DataFrame([{"series": one_line(each.series), "images": each.images} for each in one.grown]),
            key=f"grown-{one.id}",
            hide_index=True,
            row_height=tables.ROW_HEIGHT,
            height=tables.ROW_HEIGHT * min(len(one.grown), _SHOWN_ROWS) + tables.HEAD_HEIGHT,
            alt=t("Series that got images"),
            column_config={
                "series": st.column_config.TextColumn("SeriesInstanceUID"),
                "images": st.column_config.NumberColumn(t("New images")),
            },
        )
        if one.grown_total > len(one.grown):
            st.caption(t("The first {shown} are shown.", shown=t.number(len(one.grown))))


def _stay(t: Text) -> str:
    return t("Taking it back leaves images in series that the album had before: nothing is deleted.")


def _not_taken(t: Text, failed: Sequence[NotTaken], total: int, *, key: str) -> None:
    """Draw what was named and not taken, folded up, with why."""
    if not total:
        return
    with st.expander(t.plural("{count} not taken", "{count} not taken", total), icon=":material/block:"):
        rows = [
            {
                "name": one_line(one.uid),
                "why": words.not_taken(t, one.reason),
                "lacking": t.together([words.action(t, each) for each in one.lacking]),
            }
            for one in failed
        ]
        st.dataframe(
            pd.DataFrame(rows),
            key=f"not-taken-{key}",
            hide_index=True,
            row_height=tables.ROW_HEIGHT,
            height=tables.ROW_HEIGHT * min(len(rows), _SHOWN_ROWS) + tables.HEAD_HEIGHT,
            alt=t("What was not taken"),
            column_config={
                "name": st.column_config.TextColumn(t("Name")),
                "why": st.column_config.TextColumn(t("Why")),
                "lacking": st.column_config.TextColumn(t("Rights that you lack on it")),
            },
        )
        if total > len(failed):
            st.caption(t("The first {shown} are shown.", shown=t.number(len(failed))))
