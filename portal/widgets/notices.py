"""What people are told when something is missing, refused, down or broken; each with a way on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from auth_service.vocabulary import RulesState
from portal import words
from portal.answers import RulesStatus
from portal.errors import Invalid, Part
from portal.text import Text, markup, plain
from portal.widgets import pieces, places

_SHOWN = 5
"""Problems of the rules file that are written out."""


def banner(t: Text, down: Sequence[Part]) -> None:
    """Say on top of a page which parts are down and what works all the same."""
    for part in down:
        if part is not Part.AUTH_SERVICE:  # without it there is no page to say it on
            st.warning(_sentences(t, part), icon=":material/cloud_off:")


def rules(t: Text, status: RulesStatus | None) -> None:
    """Say to administrators why the rules file cannot be taken as it is, and what is in force instead."""
    if status is None or not status.problems:
        return
    if status.state == RulesState.NONE:
        what = t("Nobody but administrators is served until {file} is right.", file=status.file)
    else:
        what = t("The rules that were in force stay in force until {file} is right.", file=status.file)
    where = [
        t("Line {line}, column {column}: {message}", line=one.line, column=one.column, message=one.message)
        for one in status.problems[:_SHOWN]
    ]
    more = len(status.problems) - _SHOWN
    if more > 0:
        where.append(t.plural("{count} more", "{count} more", more))
    with st.container(key="rules", border=True):
        st.html(_block("rule", t("The rules file cannot be taken as it is"), [what, *where]))


def unavailable(t: Text, down: Sequence[Part]) -> None:
    """Say which parts are down in the place of what needs them."""
    with st.container(key="notice", border=True):
        st.html(
            _block("cloud_off", t("This cannot be shown right now"), [_sentences(t, part) for part in down])
        )
        st.button(t("Try again"), key="again", icon=":material/refresh:")


def signed_out(t: Text, address: str) -> None:
    """Say that nobody is signed in, with the way to sign in and come back."""
    words_of_link = t("Sign in")
    with st.container(key="door", border=True):
        st.html(
            _block("lock", t("Please sign in"), [t("You are not signed in, or your session has ended.")])
            + f'<p class="way"><a class="button" href="{markup(address)}">{markup(words_of_link)}</a></p>'
        )


def not_found(t: Text, why: str | None) -> None:
    """Say that it is not there, without telling whether it exists; ``why``: the address to hand on."""
    with st.container(key="notice", border=True):
        st.html(
            _block(
                "search_off",
                t("There is nothing here that you can see"),
                [
                    t("The address may be wrong, or it may not be shared with you, or no longer."),
                    t("Ask the person who sent it to you, or the owner of the album, to give you access."),
                ],
            )
        )
        st.page_link(places.ALBUMS, label=t("Go to the albums"), icon=":material/photo_library:")
        _hand_on(t, why)


def forbidden(t: Text, why: str | None) -> None:
    """Say that the right to do this is missing."""
    with st.container(key="notice", border=True):
        st.html(
            _block(
                "block",
                t("You do not have the right to do this"),
                [t("An owner of the album can give it to you.")],
            )
        )
        _hand_on(t, why)


def refused(t: Text) -> None:
    """Say that the question was not understood."""
    with st.container(key="notice", border=True):
        st.html(
            _block(
                "help",
                t("This could not be looked up"),
                [t("The filters or the address hold something that was not understood.")],
            )
        )
        st.page_link(places.ALBUMS, label=t("Go to the albums"), icon=":material/photo_library:")


def corrected(sentence: str) -> None:
    """Say what of a form is not accepted."""
    st.warning(plain(sentence), icon=":material/edit:")


def done(word: str | None) -> None:
    """Say what was done, when something was."""
    if word:
        st.success(plain(word), icon=":material/check:")


def unexpected(t: Text, number: str) -> None:
    """Say that something broke, with the number under which the log has it."""
    with st.container(key="notice", border=True):
        st.html(
            _block(
                "error",
                t("Something went wrong on our side"),
                [
                    t(
                        "It has been noted. If it happens again, tell an administrator this number: {number}",
                        number=number,
                    ),
                ],
            )
        )
        st.button(t("Try again"), key="again", icon=":material/refresh:")


@contextmanager
def refusals(t: Text) -> Iterator[None]:
    """Say why something that was asked for inside was refused, and let the page go on."""
    try:
        yield
    except Invalid as error:
        st.warning(plain(error.message) or t("This could not be done."), icon=":material/block:")


def empty(icon: str, title: str, sentences: Sequence[str]) -> None:
    """Say that there is nothing yet, and what to do next."""
    with st.container(key="notice", border=True):
        st.html(_block(icon, title, sentences))


def _hand_on(t: Text, why: str | None) -> None:
    """Give the person what who helps him needs: an address that says who looked for what."""
    if why:
        words_before = t("To whoever helps you, send this address: it says why you do not see it.")
        st.html(f'<p class="quiet">{markup(words_before)}</p>')
        st.code(why, language=None, wrap_lines=True)


def _sentences(t: Text, part: Part) -> str:
    if part is Part.RULES:
        return t("The rules of access cannot be read, so only administrators are served. They can see why.")
    name = words.part(t, part)
    match part:
        case Part.AUTH_SERVICE:
            works = t("It decides who may see what, so the portal waits for it. Nothing is lost.")
        case Part.ORTHANC:
            works = t("Studies, pictures and the viewer wait for it. Albums and your account still work.")
        case Part.KEYCLOAK:
            works = t("Nobody can sign in or out for the moment. Who is signed in can go on working.")
    what = t("{part} is not answering.", part=name[:1].upper() + name[1:])
    return f"{what} {works}"


def _block(icon: str, title: str, sentences: Sequence[str]) -> str:
    lines = "".join(f"<p>{markup(sentence)}</p>" for sentence in sentences)
    return f'<div class="notice">{pieces.sign(icon)}<div><h2>{markup(title)}</h2>{lines}</div></div>'
