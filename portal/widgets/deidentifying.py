"""How an album de-identifies what is uploaded into it, and the pictures that wait for a look."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from portal import words
from portal.deidentifying import Deidentification, HeldPicture, Option, Suspicion
from portal.text import Text, markup
from portal.widgets import pieces, places


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be from now on."""

    on: bool
    options: tuple[str, ...] = ()
    forget: bool = False


def settings(t: Text, slug: str, state: Deidentification) -> Wish | None:
    """Draw how it is, and the forms that change it; return what was asked for."""
    if not state.readable:
        st.warning(
            t(
                "The key of this album cannot be read, and every upload is refused. Ask your administrators;"
                " or have the key forgotten and begin anew: what comes then does not join what is there."
            ),
            icon=":material/key_off:",
        )
    elif state.on and state.since:
        st.caption(t("Switched on since {day}, by {name}.", day=t.day(state.since), name=state.by))
    else:
        st.caption(
            t(
                "Switched on, every file is de-identified before it is stored: names, numbers, dates and"
                " identifiers are removed or replaced. What is in the album already stays as it is."
            )
        )
    if state.held:
        label = t.plural(
            "{count} picture waits for your look", "{count} pictures wait for your look", state.held
        )
        st.page_link(places.HELD, label=label, icon=":material/visibility:", query_params={"album": slug})
    return _on(t, state) or _off(t, state)


def _on(t: Text, state: Deidentification) -> Wish | None:
    if not state.readable:
        return None
    with st.form("deidentification"):
        usual = state.options if state.on else (Option.MODIFIED_DATES,)
        chosen = tuple(
            str(name)
            for name in Option
            if st.checkbox(_option(t, name), value=name in usual, key=f"option-{name}", help=_help(t, name))
        )
        label = t("Save the options") if state.on else t("De-identify what is uploaded")
        sent = st.form_submit_button(label, icon=":material/masks:")
    return Wish(on=True, options=chosen) if sent else None


def _off(t: Text, state: Deidentification) -> Wish | None:
    if not state.has_key:
        return None
    with st.form("identification"):
        st.caption(
            t(
                "Switched off, files go in as they are, with the names in them. The key is kept: switched on"
                " again, the same patients get the same pseudonyms."
            )
        )
        forget = st.checkbox(
            t(
                "Have the key forgotten: nobody can find the pseudonyms again, and what comes later joins"
                " nothing"
            ),
            key="forget",
        )
        label = t("Take files as they are") if state.on else t("Forget the key")
        sent = st.form_submit_button(label, icon=":material/no_encryption:")
    if not sent:
        return None
    if not forget and not state.on:
        st.warning(t("Tick that the key shall be forgotten."), icon=":material/edit:")
        return None
    return Wish(on=False, forget=forget)


def held(t: Text, one: HeldPicture, address: Callable[[str, int], str]) -> str | None:
    """Draw a picture that waits, whole; return what becomes of it: ``release`` or ``discard``."""
    with st.container(border=True, key=f"held-{one.id}"):
        facts = [one.patient, one.modality, _why(t, one.why), t("uploaded by {name}", name=one.uploaded_by)]
        st.html(f'<p class="quiet">{pieces.facts([*facts, t("until {day}", day=t.day(one.until))])}</p>')
        frame = 1
        if one.frames > 1:
            label = t("Picture, of {count}", count=t.number(one.frames))
            frame = st.number_input(label, min_value=1, max_value=one.frames, key=f"frame-{one.id}")
        st.html(_picture(t, address(one.id, int(frame))))
        with st.container(horizontal=True):
            if st.button(
                t("Nobody is named in it: into the album"), key=f"release-{one.id}", icon=":material/check:"
            ):
                return "release"
            if st.button(t("Throw it away"), key=f"discard-{one.id}", icon=":material/delete:"):
                return "discard"
    return None


def _picture(t: Text, address: str) -> str:
    what = markup(t("The picture that waits"))
    return f'<p><img src="{markup(address)}" alt="{what}" style="max-width:100%"></p>'


def _option(t: Text, name: Option) -> str:
    names = {
        Option.MODIFIED_DATES: t("Keep dates, all moved by the same number of days for a patient"),
        Option.PATIENT_CHARACTERISTICS: t("Keep sex, age, size and weight"),
        Option.DEVICE_IDENTITY: t("Keep the names and numbers of devices"),
        Option.CLEAN_DESCRIPTORS: t("Keep words of imaging in descriptions"),
        Option.UIDS: t("Keep the identifiers of studies, series and images"),
    }
    return words.named(names, name)


def _help(t: Text, name: Option) -> str | None:
    helps = {
        Option.MODIFIED_DATES: t("Without it dates are removed. Times of day stay with it."),
        Option.PATIENT_CHARACTERISTICS: t("Who is older than 89 years is 90."),
        Option.CLEAN_DESCRIPTORS: t("Without it descriptions are removed. Names of persons are never kept."),
        Option.UIDS: t("Who has the original finds it again by them: leave it off unless you need it."),
    }
    return helps.get(name)


def _why(t: Text, name: str) -> str:
    names = {
        Suspicion.DECLARED: t("the file says that text is burned in"),
        Suspicion.MODALITY: t("such pictures often have text in them"),
        Suspicion.SOP_CLASS: t("such pictures often have text in them"),
        Suspicion.CAPTURE: t("it was taken of a screen or a film"),
    }
    return words.named(names, name)
