"""The filters above cards and tables; each returns the question that the person put together."""

from datetime import date
from typing import Any

import streamlit as st

from auth_service.vocabulary import OWNER_ACTIONS, Action
from portal import words
from portal.albums import ALBUMS_PER_PAGE, pages
from portal.answers import Album, AlbumSearch
from portal.archive import StudyOrder, StudySearch, TextField
from portal.text import Text

_FIRST_DAY = date(1970, 1, 1)
_LAST_DAY = date(2100, 1, 1)
_ORDERS = ("-changed", "title", "-created", "-studies", "-members")
_TEXT_FIELDS: tuple[TextField, ...] = tuple(TextField)
_STUDY_ORDERS: tuple[StudyOrder, ...] = tuple(StudyOrder)


def albums(t: Text, modalities: list[str]) -> AlbumSearch:
    """Draw the filters of the albums."""
    whose = {
        "all": t("All"),
        "favourites": t("Favourites"),
        "mine": t("Mine"),
        "shared": t("Shared with me"),
    }
    with st.container(key="filters", horizontal=True, vertical_alignment="center"):
        text = st.text_input(
            t("Search"),
            key="albums.search",
            placeholder=t("Title or description"),
            icon=":material/search:",
            label_visibility="collapsed",
            persist_state="session",
        )
        chosen = st.segmented_control(
            t("Whose albums"),
            list(whose),
            key="albums.whose",
            default="all",
            required=True,
            format_func=whose.__getitem__,
            label_visibility="collapsed",
            persist_state="session",
        )
        order = st.selectbox(
            t("Order"),
            _ORDERS,
            key="albums.order",
            format_func=lambda name: words.album_order(t, name),
            label_visibility="collapsed",
            persist_state="session",
            width=190,
        )
        more = _more_about_albums(t)
    modality = st.pills(
        t("Modality"),
        modalities,
        key="albums.modality",
        label_visibility="collapsed",
        persist_state="session",
    )
    return AlbumSearch(
        search=(text or "").strip(),
        modality=modality,
        mine={"mine": True, "shared": False}.get(chosen or "all"),
        favourite=True if chosen == "favourites" else None,
        sort=order,
        limit=ALBUMS_PER_PAGE,
        **more,
    )


def _more_about_albums(t: Text) -> dict[str, Any]:
    """Draw what is asked for more rarely; return it by the fields of the search."""
    with st.popover(t("More filters"), icon=":material/tune:"):
        archived = st.toggle(t("Archived albums"), key="albums.archived", persist_state="session")
        can = st.selectbox(
            t("Where I may"),
            [str(action) for action in Action if action in OWNER_ACTIONS],
            index=None,
            key="albums.can",
            format_func=lambda name: words.action(t, name),
            placeholder=t("Any right"),
            persist_state="session",
        )
        found: dict[str, Any] = {"archived": archived, "can": can}
        for name, title in (("changed", t("Changed")), ("created", t("Created"))):
            st.caption(title)
            with st.container(horizontal=True):
                found[f"{name}_from"], found[f"{name}_to"] = days(t, f"albums.{name}")
    return found


def studies(t: Text, album: Album) -> StudySearch:
    """Draw the filters of an album's studies."""
    keep = f"{album.slug}.studies"
    with st.container(key="filters", horizontal=True, vertical_alignment="bottom"):
        field = st.selectbox(
            t("Look in"),
            _TEXT_FIELDS,
            key=f"{keep}.field",
            format_func=lambda one: words.text_field(t, one),
            persist_state="session",
            width=170,
        )
        text = st.text_input(
            t("Text"),
            key=f"{keep}.text",
            placeholder=t("Part of it is enough"),
            icon=":material/search:",
            persist_state="session",
            width=200,
        )
        modality = st.selectbox(
            t("Modality"),
            album.modalities or (),
            index=None,
            key=f"{keep}.modality",
            placeholder=t("All modalities"),
            persist_state="session",
            width=170,
        )
        first, last = days(t, keep)
        order = st.selectbox(
            t("Order"),
            _STUDY_ORDERS,
            key=f"{keep}.order",
            format_func=lambda one: words.study_order(t, one),
            persist_state="session",
            width=200,
        )
    return StudySearch(
        label=album.label,
        field=field,
        text=text or "",
        modality=modality,
        first_day=first,
        last_day=last,
        order=order,
    )


def days(t: Text, keep: str) -> tuple[date | None, date | None]:
    """Draw a first and a last day; ``keep`` names whose filters these are."""

    def day(label: str, name: str) -> date | None:
        chosen = st.date_input(
            label,
            None,
            _FIRST_DAY,
            _LAST_DAY,
            key=f"{keep}.{name}",
            format="YYYY-MM-DD",
            persist_state="session",
            width=150,
        )
        return chosen if isinstance(chosen, date) else None

    return day(t("From"), "first"), day(t("To"), "last")


def page(t: Text, total: int, size: int, *, key: str) -> int:
    """Draw where in the list one is and the page chooser; return the page.

    ``key`` changes with the question, so that another question begins at its first page.
    """
    count = pages(total, size)
    with st.container(key="pages", horizontal=True, vertical_alignment="center"):
        place = st.empty()
        chosen = st.pagination(count, key=key, persist_state="session") if count > 1 else 1
        first = (chosen - 1) * size + 1
        if total:
            place.caption(
                t(
                    "{first} to {last} of {total}",
                    first=t.number(first),
                    total=t.number(total),
                    last=t.number(min(total, first + size - 1)),
                )
            )
    return chosen
