"""Who can see an album and why, who is in one's albums, and how much somebody may see."""

from collections.abc import Sequence

import streamlit as st

from auth_service.vocabulary import GivenBy
from portal import words
from portal.explanation import Person
from portal.members import Cell, Matrix, PeopleInAlbum, Row, SeenBy, Sees, Source, UnnamedInAlbum
from portal.text import Text, markup
from portal.viewers import page_path
from portal.widgets import header, pieces, tables


def people(t: Text, page: PeopleInAlbum, slug: str) -> None:
    """Draw a page of people with all that they may do, and each reason for it."""
    if not page.complete:
        st.warning(t("There are more people than are looked up at once."), icon=":material/group:")
    rows: list[tuple[str, ...]] = []
    for one in page.items:
        address = page_path("why", {"resource": slug, "actor": one.user})
        name = f'<a href="{markup(address)}">{markup(one.name or one.user)}</a>'
        over = pieces.badge(t("over"), pieces.OTHER_COLOUR) if one.ended else ""
        reasons = "".join(f"<li>{_reason(t, source)}</li>" for source in one.sources)
        rows.append(
            (
                f'{name}<br><span class="quiet">{markup(one.user)}</span>',
                markup(words.actions(t, one.actions)) if one.actions else over,
                f'<ul class="plain">{reasons}</ul>',
            )
        )
    rows += [_unnamed(t, one) for one in page.unnamed]
    st.html(tables.table([t("Who"), t("May"), t("Why")], rows, shape="people"))
    if any(one.people for one in page.unnamed):
        st.caption(t("People whom you could not find are counted and not named."))


def _unnamed(t: Text, one: UnnamedInAlbum) -> tuple[str, ...]:
    who = words.people(t, one.people)
    if one.more:
        who = t("{people} or more", people=who) if one.people else t("others")
    return (
        f'<span class="quiet">{markup(who)}</span>',
        markup(words.actions(t, one.source.actions)) if not one.source.ended else "",
        f'<ul class="plain"><li>{_reason(t, one.source)}</li></ul>',
    )


def _reason(t: Text, source: Source) -> str:
    match source.kind:
        case GivenBy.MEMBERSHIP:
            by = t("is a member")
        case GivenBy.GROUP:
            by = t("by the group {group}", group=source.group)
        case _:
            by = t("by a rule of the site ({rule})", rule=source.rule)
    facts = [
        by,
        t("by the role {role}", role=source.role) if source.role else "",
        words.actions(t, source.actions),
        t("sees everything there is") if source.everything else "",
        t("only {modalities}", modalities=t.together(source.modalities)) if source.modalities else "",
        t("until {day}", day=t.day(source.until)) if source.until else "",
    ]
    over = " " + pieces.badge(t("over"), pieces.OTHER_COLOUR) if source.ended else ""
    return pieces.facts(facts) + over


def matrix(t: Text, found: Matrix) -> None:
    """Draw people down and albums across."""
    heads = [t("Who"), *(album.title for album in found.albums)]
    rows = [_across(t, row, [album.slug for album in found.albums]) for row in found.items]
    st.html(tables.table(heads, rows, shape="matrix"))


def _across(t: Text, row: Row, slugs: Sequence[str]) -> tuple[str, ...]:
    subject = row.subject
    what = t("invited") if subject.email else t("group") if subject.group else subject.user or ""
    who = f'{markup(subject.name)}<br><span class="quiet">{markup(what)}</span>'
    by_album = {cell.album: cell for cell in row.albums}
    return (who, *(_cell(t, by_album.get(slug)) for slug in slugs))


def _cell(t: Text, cell: Cell | None) -> str:
    if cell is None:
        return '<span class="quiet" aria-hidden="true">·</span>'
    until = t("until {day}", day=t.day(cell.until)) if cell.until else ""
    name = markup(words.given(t, cell.preset, cell.actions))
    address = markup(page_path("album_members", {"album": cell.album}))
    quiet = f'<br><span class="quiet">{markup(until)}</span>' if until else ""
    return f'<a href="{address}">{name}</a>{quiet}'


def search(t: Text) -> str:
    """Draw the field in which an administrator looks for somebody; return what was typed."""
    text = st.text_input(
        t("Part of a name"), key="sees.search", max_chars=100, icon=":material/person_search:", live="300ms"
    )
    return " ".join((text or "").split())


def choose(t: Text, found: Sequence[Person]) -> str | None:
    """Draw the people of whom one is asked about; return the subject of who was chosen."""
    if not found:
        st.caption(t("Nothing matches"))
    for one in found:
        label = f"{one.name} ({one.username})" if one.name else one.username
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(f"<span>{markup(label)}</span>")
            if st.button(t("Count"), key=f"sees.{one.sub}", icon=":material/visibility:"):
                return one.sub
    return None


def sees(t: Text, told: Sees) -> None:
    """Draw how much somebody may view, and by what."""
    header.title(told.name or told.user, [told.user])
    header.figures(
        [
            (t("Albums"), t.number(told.albums)),
            (t("Studies"), t.number(told.studies)),
            (t("Series"), t.number(told.series)),
        ]
    )
    if not told.by:
        nothing = t("He may view nothing.")
        st.html(f'<p class="quiet">{markup(nothing)}</p>')
        return
    rows = [
        (_by(t, one), t.number(one.studies), t.number(one.series), t.day(one.until) if one.until else "")
        for one in told.by
    ]
    st.html(tables.table([t("By"), t("Studies"), t("Series"), t("Until")], rows))


def _by(t: Text, one: SeenBy) -> str:
    facts = [
        t("album {album}", album=one.album) if one.album else "",
        t("by the group {group}", group=one.group) if one.group else "",
        t("by a rule of the site ({rule})", rule=one.rule) if one.rule else "",
        t("by the role {role}", role=one.role) if one.role else "",
        (t("everything") if one.label == "*" else one.label) if one.kind == GivenBy.RULE else "",
    ]
    return pieces.facts(facts)
