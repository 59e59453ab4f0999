"""The head of a page: where one is, what it is called, and its figures."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from auth_service.vocabulary import Action, AlbumRole
from portal import members, words
from portal.answers import Album
from portal.dicom import Study
from portal.text import Text, markup, plain
from portal.viewers import Addresses
from portal.widgets import pieces, places

Crumb = tuple[str, str, dict[str, str]]
"""A page above this one: its name, its place, its parameters."""


def breadcrumb(t: Text, above: Sequence[Crumb], here: str) -> None:
    """Draw the way down from the albums to this page."""
    with st.container(key="breadcrumb", horizontal=True, vertical_alignment="center", gap="xsmall"):
        for name, place, parameters in [(t("Albums"), places.ALBUMS, {}), *above]:
            st.page_link(place, label=plain(name), icon="", query_params=parameters or None)
            st.html('<span class="quiet" aria-hidden="true">/</span>', width="content")
        st.html(f'<span aria-current="page">{markup(here)}</span>', width="content")


def title(name: str, facts: Sequence[str], *, what: str = "", code: str = "") -> None:
    """Draw a title, under it what it is, and a quiet line of facts, perhaps with a name for machines."""
    line = pieces.facts(facts)
    machine = f"{pieces.SEPARATOR if line else ''}<code>{markup(code)}</code>" if code else ""
    about = f'<p class="under">{markup(what)}</p>' if what else ""
    st.html(f'<h1 class="title">{markup(name)}</h1>{about}<p class="quiet under">{line}{machine}</p>')


def figures(values: Sequence[tuple[str, str]], *, shape: str = "number") -> None:
    """Draw a row of figures: a name, and a number as the language writes it, or ``words``."""
    cells = "".join(
        f'<div class="figure"><dt>{markup(name)}</dt><dd class="{shape}">{markup(value)}</dd></div>'
        for name, value in values
    )
    st.html(f'<dl class="figures">{cells}</dl>')


def uploading(t: Text, one: Album, addresses: Addresses) -> None:
    """Draw the way to the page from which files go into an album, for who may do that."""
    if Action.UPLOAD in one.actions and not one.archived:
        # Streamlit's own links to other pages than its own open a new window.
        address, name = markup(addresses.upload(one.slug)), t("Upload")
        label = f"{pieces.sign('upload_file')} {markup(name)}"
        st.html(f'<a class="button outlined" href="{address}">{label}</a>', width="content")


def album(t: Text, one: Album, addresses: Addresses) -> DeltaGenerator:
    """Draw the head of an album; returns the place where it can be taken away."""
    facts = [
        t("owner: {names}", names=t.together(one.owners)) if one.owners else "",
        t("you: {right}", right=words.right(t, one.role, one.actions)),
        t("until {day}", day=t.day(one.until)) if one.until else "",
        words.members(t, one.members),
        t("archived: nothing goes in or out") if one.archived else "",
    ]
    with st.container(key="head", horizontal=True, vertical_alignment="center"):
        title(one.title, facts, what=one.description, code=one.label)
        uploading(t, one, addresses)
        if {Action.UPLOAD, Action.REMOVE, Action.AUDIT}.intersection(one.actions):
            st.page_link(
                places.CONTENTS,
                label=t("Put in and take out"),
                icon=":material/playlist_add:",
                query_params={"album": one.slug},
            )
        if members.may_open(one):
            st.page_link(
                places.ALBUM_MEMBERS,
                label=t("Members"),
                icon=":material/group:",
                query_params={"album": one.slug},
            )
        taking = st.container(width="content")
        if Action.AUDIT in one.actions:
            st.page_link(
                places.AUDIT,
                label=t("What happened"),
                icon=":material/history:",
                query_params={"album": one.slug},
            )
        if members.owns(one):
            st.page_link(
                places.SETTINGS,
                label=t("Settings"),
                icon=":material/settings:",
                query_params={"album": one.slug},
            )
        if one.role == AlbumRole.OWNER:
            st.page_link(
                places.WHY,
                label=t("Why does somebody see this, or not?"),
                icon=":material/help_center:",
                query_params={"resource": one.slug},
            )
    figures(
        [
            (t("Studies"), _count(t, one.studies)),
            (t("Series"), _count(t, one.series)),
            (t("Images"), _count(t, one.instances)),
            (t("Last change"), t.moment(one.changed)),
            (t("Created"), t.day(one.created)),
        ]
    )
    return taking


def study(t: Text, one: Study, addresses: Addresses, *, into: str | None) -> DeltaGenerator:
    """Draw the head of a study and the ways into the viewer; returns the place where it can be taken away.

    What is drawn in the viewer is saved ``into`` an album: its slug, if there is one.
    """
    series, images = one.NumberOfStudyRelatedSeries, one.NumberOfStudyRelatedInstances
    facts = [
        one.patient,
        words.sex(t, one.PatientSex),
        words.age_of(t, one.age),
        t.day(one.StudyDate) if one.StudyDate else "",
        words.series(t, series) if series is not None else "",
        words.images(t, images) if images is not None else "",
    ]
    with st.container(key="head", horizontal=True, vertical_alignment="center"):
        title(one.StudyDescription or t("Study without a description"), facts)
        taking = st.container(width="content")
        if into:
            st.link_button(
                t("Segment"),
                addresses.ohif([one.StudyInstanceUID], album=into, segmenting=True),
                icon=":material/brush:",
                help=t("Opens the viewer with its tools to draw; what you save there is put into this album"),
            )
        st.link_button(
            t("Open in OHIF"),
            addresses.ohif([one.StudyInstanceUID], album=into),
            type="primary",
            icon=":material/visibility:",
            help=t("Opens the viewer in a new tab"),
        )
    return taking


def _count(t: Text, number: int | None) -> str:
    return "-" if number is None else t.number(number)
