"""The portal's entry script: who comes, in which language, and which page that opens.

It is not beside ``pages/``: there Streamlit would run a page asked for directly without running this script.
Every page has an address of its own that does not change with the language.
"""

from pathlib import Path
from typing import Literal

import streamlit as st

from portal import guard, session
from portal.session import Visit
from portal.text import Text
from portal.widgets import bar, places, style

ASSETS = Path(__file__).parent / "assets"


def home() -> None:
    """Lead the bare address to the albums."""
    st.switch_page(places.ALBUMS)


def pages(t: Text, *, administers: bool, owns: bool, waiting: bool) -> dict[str, list[st.Page]]:
    """Return the pages by section of the menu; those that need a parameter, or a role, are not in it."""
    usual = [
        st.Page(home, title=t("Home"), url_path="home", default=True, visibility="hidden"),
        st.Page(places.ALBUMS, title=t("Albums"), icon=":material/photo_library:", url_path="albums"),
        st.Page(places.SEARCH, title=t("Search"), icon=":material/search:", url_path="search"),
        st.Page(places.ALBUM, title=t("Album"), url_path="album", visibility="hidden"),
        st.Page(places.CONTENTS, title=t("Contents"), url_path="contents", visibility="hidden"),
        st.Page(places.SETTINGS, title=t("Settings"), url_path="album_settings", visibility="hidden"),
        st.Page(places.HELD, title=t("Pictures that wait"), url_path="album_held", visibility="hidden"),
        st.Page(places.STUDY, title=t("Study"), url_path="study", visibility="hidden"),
        st.Page(places.ALBUM_MEMBERS, title=t("Members"), url_path="album_members", visibility="hidden"),
        st.Page(
            places.MY_MEMBERS,
            title=t("People"),
            icon=":material/group:",
            url_path="my_members",
            visibility="visible" if owns else "hidden",
        ),
        st.Page(places.ABOUT, title=t("About me"), icon=":material/account_circle:", url_path="me"),
    ]
    seen: Literal["visible", "hidden"] = "visible" if administers else "hidden"
    administration = [
        st.Page(places.WHY, title=t("Why?"), icon=":material/help_center:", url_path="why", visibility=seen),
        st.Page(
            places.SEES,
            title=t("Who sees how much?"),
            icon=":material/visibility:",
            url_path="sees",
            visibility=seen,
        ),
        st.Page(places.AUDIT, title=t("Audit"), icon=":material/history:", url_path="audit", visibility=seen),
        st.Page(
            places.OWNERLESS,
            title=t("Albums without an owner"),
            icon=":material/person_off:",
            url_path="ownerless",
            visibility=seen,
        ),
        st.Page(
            places.ARRIVALS,
            title=t("To be filed"),
            icon=":material/inbox:",
            url_path="arrivals",
            visibility="visible" if waiting else "hidden",
        ),
    ]
    # Owners are led to them from their albums; each page asks again who comes.
    return (
        {"": usual, t("Administration"): administration} if administers else {"": [*usual, *administration]}
    )


def main() -> None:
    """Run one page for one person."""
    # The icon comes first: without it a page's own Material icon would be fetched from a foreign server.
    st.set_page_config(page_icon=str(ASSETS / "mark.svg"), layout="wide")
    outcome = session.ask()
    visit = outcome if isinstance(outcome, Visit) else None
    t = visit.t if visit else session.text()
    style.apply(t.language)
    administers = visit is not None and visit.me.administers
    owns = visit is not None and visit.me.owns
    waiting = administers and visit is not None and visit.me.waiting is not None
    page = st.navigation(
        pages(t, administers=administers, owns=owns, waiting=waiting), position="top" if visit else "hidden"
    )
    st.set_page_config(page_title=f"{page.title} · PARADIM")
    st.logo(str(ASSETS / bar.logo()), size="large", link=None)
    with session.remembered(outcome), guard.explaining(t):
        if bar.draw(
            t,
            other=session.other_language(t),
            name=visit.me.called if visit else None,
            signout=session.signout_address(),
        ):
            session.choose_language(visit, session.other_language(t))
            st.rerun()
        page.run()


main()
