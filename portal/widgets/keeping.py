"""What owners do with an album as a whole, and what administrators do with one that nobody owns.

Each draws one form, and returns what was asked for, when it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from auth_service.vocabulary import MEMBER_ACTIONS, Action
from portal import words
from portal.answers import Album, Deletion, Ownerless
from portal.text import Text, markup
from portal.widgets import pieces

LONGEST_TITLE = 255
LONGEST_DESCRIPTION = 2048
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Naming:
    """What an album shall be called."""

    title: str
    description: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """Who shall own an album, and what is kept by who owned it; ``None``: nothing."""

    user: str
    keep: tuple[str, ...] | None


def new_album(t: Text) -> Naming | None:
    """Draw the form for a new album."""
    with st.popover(t("New album"), icon=":material/add:", type="primary"):
        st.caption(t("You own it, and decide who sees what is in it."))
        with st.form("new-album", border=False):
            return _naming(t, "", "", t("Make the album"))


def naming(t: Text, album: Album) -> Naming | None:
    """Draw the form that changes what an album is called."""
    with st.form("naming"):
        return _naming(t, album.title, album.description, t("Save"))


def archive(t: Text, album: Album) -> bool:
    """Draw the way into the archive, or back; return whether it was taken."""
    if album.archived:
        st.caption(t("It is archived since {day}.", day=t.day(album.archived)))
        return st.button(t("Bring it back"), key="bring-back", icon=":material/unarchive:")
    st.caption(
        t(
            "Whoever may look at it still may. Nothing goes in or out, nobody new is invited, and it is"
            " listed only where somebody asks for archived albums."
        )
    )
    return st.button(t("Archive it"), key="archive", icon=":material/archive:")


def hand_over(t: Text) -> HandOver | None:
    """Draw the form that puts another owner in the person's place."""
    with st.form("handover"):
        user = st.text_input(t("User name of the new owner"), max_chars=255)
        keep = st.multiselect(
            t("What you may still do"),
            [str(action) for action in Action if action in MEMBER_ACTIONS],
            default=[str(Action.VIEW)],
            format_func=lambda name: words.action(t, name),
            placeholder=t("Nothing: you leave the album"),
        )
        sent = st.form_submit_button(t("Hand it over"))
    if not sent:
        return None
    if not user.strip():
        st.warning(t("Say who is to own it."), icon=":material/edit:")
        return None
    return HandOver(user.strip(), tuple(keep) or None)


def delete(t: Text, found: Deletion) -> str | None:
    """Draw what deleting the album does, and the form that does it; return what was written to confirm."""
    lines = [
        t(
            "{people} and {groups} lose their rights in it.",
            people=words.people(t, found.people),
            groups=words.groups(t, found.groups),
        ),
        t(
            "{series} in {studies} are in it no longer.",
            series=words.series(t, found.series),
            studies=words.studies(t, found.studies),
        ),
        t("{series} of these are in no other album that you see.", series=words.series(t, found.unseen)),
        t("No image is deleted from the archive. The history stays, the short name is never used again."),
    ]
    st.html("".join(f"<p>{markup(line)}</p>" for line in lines))
    with st.form("delete"):
        text = st.text_input(t("Write {slug} to confirm", slug=found.slug), max_chars=64, autocomplete="off")
        sent = st.form_submit_button(t("Delete the album"), icon=":material/delete:")
    return text.strip() if sent else None


def ownerless(t: Text, items: Sequence[Ownerless]) -> tuple[str, str, str] | None:
    """Draw the albums without an owner; return slug, user name and reason of a new one, when asked for."""
    asked = None
    for one in items:
        with st.container(border=True):
            facts = [
                t("last owner: {names}", names=t.together(one.last_owners)) if one.last_owners else "",
                words.members(t, one.members),
            ]
            st.html(
                f'<p class="strong">{markup(one.title)}</p>'
                f'<p class="quiet">{pieces.facts([one.slug, *facts])}</p>'
            )
            with st.form(f"owner-{one.slug}", border=False):
                user = st.text_input(t("User name of the new owner"), max_chars=255)
                reason = st.text_input(t("Reason, for the record"), max_chars=LONGEST_REASON)
                if st.form_submit_button(t("Name the owner")):
                    asked = (one.slug, user.strip(), reason.strip())
    if asked and not all(asked):
        st.warning(t("Say who is to own it, and why."), icon=":material/edit:")
        return None
    return asked


def _naming(t: Text, title: str, description: str, send: str) -> Naming | None:
    title = st.text_input(t("Title"), title, max_chars=LONGEST_TITLE)
    description = st.text_area(t("Description"), description, max_chars=LONGEST_DESCRIPTION)
    sent = st.form_submit_button(send, type="primary")
    if sent and not title.strip():
        st.warning(t("An album needs a title."), icon=":material/edit:")
        return None
    return Naming(title.strip(), description.strip()) if sent else None
