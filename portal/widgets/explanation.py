"""The page Why?: its form, the verdict, the steps as they were taken, the way out, the last decisions."""

import re
from collections.abc import Iterator, Sequence

import streamlit as st

from auth_service.vocabulary import Action, ActorKind, AuditEvent, Level, Outcome, Why
from portal import why_words, words
from portal.explanation import Explanation, GrantStep, Recorded, Thing
from portal.text import Text, markup, plain
from portal.viewers import page_path
from portal.why import Question, Unclear
from portal.widgets import pieces, places, tables
from portal.widgets.pieces import OTHER_COLOUR, badge

_GOOD, _BAD, _CARE, _QUIET = "#4E8F4A", "#C4553B", "#E0A030", OTHER_COLOUR

_LONG = re.compile(r"[0-9.]{21,}")
_KEPT = 6
"""Characters that are kept at both ends of a long identifier."""

_MOST_SERIES = 6
_MOST_GRANTS = 8
"""More than these are folded: what counts most comes first."""


def form(t: Text, question: Question) -> Question | None:
    """Draw the form, filled with the question of the address; return what was asked, when it was."""
    # Another question in the address is another form: what was typed into the last one is gone.
    with st.form(f"why.{hash(question)}", border=False):
        resource = st.text_input(
            t("Address, identifier, album or number of a request"),
            value=question.resource,
            max_chars=4096,
            icon=":material/link:",
            placeholder=t("As it stands in the browser's address bar"),
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            actor = st.text_input(
                t("Who"),
                value=question.actor,
                max_chars=255,
                icon=":material/person_search:",
                placeholder=t("Name; not needed with a number"),
                width=340,
            )
            known = ["", *(str(action) for action in Action)]
            action = st.selectbox(
                t("Right"),
                known,
                index=known.index(question.action) if question.action in known else 0,
                format_func=lambda word: words.action(t, word) if word else t("from the address"),
                width=220,
            )
            sent = st.form_submit_button(t("Explain"), type="primary")
    return Question(resource=resource.strip(), actor=actor.strip(), action=action) if sent else None


def hints(t: Text) -> None:
    """Say what can be asked about."""
    items = [
        t("an address copied from the browser: a page of the portal, the viewer, an image"),
        t("a StudyInstanceUID, a SeriesInstanceUID or a SOPInstanceUID"),
        t("the short name of an album"),
        t("the number of a request (header X-Request-Id): who asked is then known"),
    ]
    st.html(_list([markup(item) for item in items]))


def unclear(t: Text, found: Unclear, question: Question) -> None:
    """Say what was not understood, and whom it may have meant."""
    if not found.meant:
        say = st.warning if question.actor else st.info
        say(plain(found.message), icon=":material/edit:")
        return
    st.subheader(t("Whom do you mean?"), anchor=False)
    for person in found.meant:
        query = Question(resource=question.resource, actor=person.sub, action=question.action).query
        label = plain(f"{person.name} ({person.username})" if person.name else person.username)
        st.page_link(places.WHY, label=label, icon=":material/person:", query_params=query)


def verdict(t: Text, told: Explanation) -> None:
    """Say in one sentence what came of it."""
    allowed = told.outcome == Outcome.ALLOWED
    colour = _GOOD if allowed else _BAD if told.outcome in (Outcome.HIDDEN, Outcome.FORBIDDEN) else _CARE
    limits = "" if told.whole else t("This is about your albums only: others may give more.")
    st.html(
        f'<div class="verdict" style="--c:{colour}" role="status">'
        f"{pieces.sign('check_circle' if allowed else 'block')}"
        f"<p><strong>{markup(why_words.outcome(t, told))}</strong> {markup(why_words.reason(t, told))}"
        f' <span class="quiet">{markup(limits)}</span></p></div>'
    )
    if told.record:
        st.html(f'<p class="quiet">{pieces.facts(list(_on_record(t, told.record)))}</p>')


def _on_record(t: Text, record: Recorded) -> Iterator[str]:
    yield t("on record {instant}", instant=t.instant(record.at))
    yield why_words.event(t, record)
    if record.reason:
        yield t("at that time: {reason}", reason=words.reason(t, record.reason))
    if record.count > 1:
        yield t.plural("{count} time within a minute", "{count} times within a minute", record.count)


def steps(t: Text, told: Explanation) -> None:
    """Draw the steps, in the order in which they were taken."""
    st.subheader(t("How it is decided"), anchor=False)
    rows = [
        (str(number), markup(step), what, result)
        for number, (step, what, result) in enumerate(_steps(t, told), start=1)
    ]
    st.html(tables.table(["", t("Step"), t("What"), t("Result")], rows, shape="steps"))


def _steps(t: Text, told: Explanation) -> Iterator[tuple[str, str, str]]:
    who = told.credential
    result = badge(words.reason(t, who.refused), _CARE) if who.refused else badge(t("good"), _GOOD)
    yield t("Who"), pieces.facts(why_words.credential(t, who)), result
    if told.target:
        route = told.target.route or told.target.path
        right = words.action(t, told.action) if told.target.row and told.action else ""
        refused = badge(words.reason(t, told.reason), _BAD)
        known = told.target.row and told.reason != Why.FOR_NOBODY
        why = told.target.why
        cause = f'<br><span class="quiet" lang="en">{markup(why)}</span>' if why else ""
        yield t("Address"), _code(route) + cause, badge(right, _QUIET) if known and right else refused
    if told.thing:
        yield t("Resource"), _thing(t, told.thing), _found(t, told, told.thing)
    yield from _grants(t, told.grants)
    colour = _GOOD if told.outcome == Outcome.ALLOWED else _BAD
    shown = badge(why_words.short_outcome(t, told.outcome), colour)
    yield t("Decision"), markup(why_words.decided_by(t, told)), shown


def _grants(t: Text, grants: Sequence[GrantStep]) -> Iterator[tuple[str, str, str]]:
    for one in grants[:_MOST_GRANTS]:
        colour = _GOOD if one.outcome == Why.GRANTED else _QUIET if one.outcome == Why.OTHER_LABEL else _CARE
        mark = " strong" if one.decided else ""
        text = f'<span class="grant{mark}">{pieces.facts(why_words.grant(t, one))}</span>'
        yield t("Grant"), text, badge(words.reason(t, one.outcome), colour)
    rest = grants[_MOST_GRANTS:]
    if rest:
        more = t.plural("{count} more grant", "{count} more grants", len(rest))
        lines = _list([pieces.facts(why_words.grant(t, one)) for one in rest])
        last = badge(words.reason(t, rest[-1].outcome), _QUIET)
        yield t("Grant"), f"<details><summary>{markup(more)}</summary>{lines}</details>", last


def _thing(t: Text, thing: Thing) -> str:
    name = markup(why_words.level(t, thing.level))
    head = f"{name} {_code(thing.uid)}" if thing.uid else name
    if not thing.series:
        return head
    if thing.level != Level.STUDY and thing.study:
        above = t("of the study")
        head += f' <span class="quiet">{markup(above)} {_code(thing.study)}</span>'
    lines = [
        f"{pieces.sign('check' if one.allowed else 'close')} "
        + (f"{_code(one.uid)} " if thing.level == Level.STUDY else "")
        + ("".join(badge(label, _QUIET) for label in one.labels) or badge(t("no label"), _QUIET))
        for one in thing.series
    ]
    shown, rest = lines[:_MOST_SERIES], lines[_MOST_SERIES:]
    body = "".join(f'<div class="line">{line}</div>' for line in shown)
    if rest:
        more = t.plural("{count} more series", "{count} more series", len(rest))
        folded = "".join(f'<div class="line">{line}</div>' for line in rest)
        body += f"<details><summary>{markup(more)}</summary>{folded}</details>"
    return head + body


def _found(t: Text, told: Explanation, thing: Thing) -> str:
    if told.reason in (Why.MISSING, Why.AMBIGUOUS):
        return badge(words.reason(t, told.reason), _BAD)
    if thing.level != Level.STUDY or not thing.series:
        return badge(t("found"), _GOOD)
    allowed, among = sum(one.allowed for one in thing.series), len(thing.series)
    return badge(t("{some} of {all} series", some=t.number(allowed), all=t.number(among)), _QUIET)


def ways(t: Text, told: Explanation) -> None:
    """Say what would let him in, and who can give it."""
    if not told.ways:
        return
    st.subheader(t("What would let this person in"), anchor=False)
    lines = []
    for one in told.ways:
        owners = (
            t("owner: {names}", names=t.together(one.album.owners)) if one.album and one.album.owners else ""
        )
        token = t("and a token that leaves it") if one.token_too else ""
        lines.append(
            f'{markup(why_words.way(t, one))}<br><span class="quiet">{pieces.facts([owners, token])}</span>'
        )
    st.html(_list(lines))


def others(t: Text, told: Explanation, question: Question) -> None:
    """Lead to what else the address names."""
    if not told.others:
        return
    st.subheader(t("The address also names"), anchor=False)
    actor = question.actor or _actor(told)
    lines = [
        f'<a href="{markup(page_path("why", {"resource": other, "actor": actor}))}">{_code(other)}</a>'
        for other in told.others
    ]
    st.html(_list(lines))


def decisions(t: Text, told: Explanation) -> None:
    """Draw the last decisions about him that are on record."""
    st.subheader(t("Last decisions"), anchor=False)
    if not told.decisions:
        nothing = t("Nothing is on record.")
        st.html(f'<p class="quiet">{markup(nothing)}</p>')
        return
    rows = [
        (_moment(t, one, _actor(told)), _shortened(one.target or ""), _came(t, one)) for one in told.decisions
    ]
    st.html(tables.table([t("At"), t("What"), t("Answer")], rows, shape="decisions"))


def _moment(t: Text, one: Recorded, actor: str) -> str:
    """Say when, with a link to why: by the number of the request, or by what it was about."""
    text, exact = markup(t.moment(one.at)), markup(t.instant(one.at))
    query = {"resource": one.target or "", "actor": actor}
    address = markup(page_path("why", {"resource": one.request_id} if one.request_id else query))
    return f'<a href="{address}" title="{exact}">{text}</a>'


def _actor(told: Explanation) -> str:
    """Name who is asked about as another question does."""
    asked = told.credential
    if asked.kind == ActorKind.PERSON:
        return asked.id
    return f"{asked.kind}:{asked.id}" if asked.id else asked.kind


def _came(t: Text, one: Recorded) -> str:
    bad = one.event in (AuditEvent.DENIED, AuditEvent.CREDENTIAL_REFUSED)
    repeated = t.plural("{count} time", "{count} times", one.count) if one.count > 1 else ""
    times = f' <span class="quiet">{markup(repeated)}</span>'
    reason = f'<br><span class="quiet">{markup(words.reason(t, one.reason))}</span>' if one.reason else ""
    return f"{badge(why_words.event(t, one), _BAD if bad else _GOOD)}{times}{reason}"


def _shortened(path: str) -> str:
    """Show a path or an identifier with the middle of long identifiers left out; a pointer finds it whole."""
    short = _LONG.sub(lambda uid: f"{uid[0][:_KEPT]}…{uid[0][-_KEPT:]}", path)
    lines = markup(short).replace("/", "/<wbr>")
    return f'<code title="{markup(path)}">{lines}</code>'


def _code(text: str) -> str:
    return f"<code>{markup(text)}</code>"


def _list(lines: Sequence[str]) -> str:
    return '<ul class="plain">' + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"
