"""Members from a table: what each line does, and that nothing is done where one is wrong."""

from collections.abc import Collection
from contextlib import suppress
from datetime import date

import pytest
from sqlalchemy import delete

from auth_service.albums.members import add_member, list_members
from auth_service.albums.members.importing import MOST_LINES, MOST_UNKNOWN, ImportReport, import_members
from auth_service.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unavailable
from auth_service.policy.model import SYSTEM
from auth_service.store.tables import Invitation, Member
from auth_service.vocabulary import Action, MemberState
from tests.counting import Counting
from tests.unit.auth_service.albums.members.having import OWNER, VIEWER, members, records, rights
from tests.world import PEOPLE, TestWorld

HEAD = "user,group,email,preset,actions,until,note\n"
TABLE = (
    f"{HEAD}"
    "stranger,,,reader,,2026-12-31,Second site\n"
    ",/radiology,,,view download,,\n"
    ",,New@example.org,contributor,,,\n"
    "member-a,,,,view,,\n"
)


def take(world: TestWorld, text: str, *, dry_run: bool = False, who: str = "pi-a") -> ImportReport:
    return import_members(world, actor=world.actor(who), slug="a", text=text, dry_run=dry_run)


def outcomes(report: ImportReport) -> list[tuple[int, str, str, str | None]]:
    return [(each.line, each.subject, str(each.outcome), each.column) for each in report.lines]


def state(world: TestWorld) -> object:
    given = [record.id for record in records(world, "member-added")]
    return list_members(world, actor=world.actor("pi-a"), slug="a"), given


def test_a_table_gives_rights_line_by_line(world: TestWorld) -> None:
    report = take(world, TABLE)
    assert report.done
    assert outcomes(report) == [
        (2, "stranger", "new", None),
        (3, "/radiology", "new", None),
        (4, "New@example.org", "new", None),
        (5, "member-a", "same", None),
    ]
    reader = rights(Action.VIEW, Action.DOWNLOAD, Action.COMMENT, until=date(2026, 12, 31))
    found = members(world)
    assert found["stranger"] == reader
    assert found["/radiology"] == rights(Action.VIEW, Action.DOWNLOAD)
    assert "new@example.org" in found
    assert len(records(world, "invited")) == 1
    again = take(world, TABLE)
    assert {outcome for _, _, outcome, _ in outcomes(again)} == {"same"}


def test_a_dry_run_says_the_same_and_does_nothing(world: TestWorld) -> None:
    before = state(world)
    dry = take(world, TABLE, dry_run=True)
    assert (dry.done, state(world) == before) == (False, True)
    assert dry.lines == take(world, TABLE).lines


def test_what_somebody_has_is_changed_and_what_is_not_named_stays(world: TestWorld) -> None:
    take(world, TABLE)
    report = take(world, "user,preset\nstranger,viewer\nmember-a,co-owner\n")
    assert [outcome for _, _, outcome, _ in outcomes(report)] == ["changed", "changed"]
    found = {each.subject: each for each in list_members(world, actor=world.actor("pi-a"), slug="a")}
    assert found["stranger"].rights.until == date(2026, 12, 31)  # no column of days: they stay
    assert found["stranger"].note == "Second site"
    assert found["member-a"].rights == OWNER
    assert "/radiology" in found  # who is not named is not removed


def test_an_invitation_is_changed_by_its_address(world: TestWorld) -> None:
    take(world, TABLE)
    report = take(world, "email,actions,note\nNEW@example.org,view,later\n")
    assert outcomes(report) == [(2, "NEW@example.org", "changed", None)]
    [pending] = [
        each
        for each in list_members(world, actor=world.actor("pi-a"), slug="a")
        if each.state is MemberState.PENDING
    ]
    assert (pending.rights, pending.note) == (rights(Action.VIEW), "later")


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("nobody-of-this-name,,,viewer,,,", "user"),
        (",/nowhere,,viewer,,,", "group"),
        (",,no address,viewer,,,", "email"),
        (",,,viewer,,,", "subject"),
        ("stranger,/radiology,,viewer,,,", "subject"),
        ("stranger,,,,,,", "preset"),
        ("stranger,,,viewer,view,,", "preset"),
        ("stranger,,,emperor,,,", "preset"),
        ("stranger,,,,fly,,", "actions"),
        ("stranger,,,,manage,,", "actions"),
        ("stranger,,,viewer,,2026-02-30,", "until"),
        ("stranger,,,viewer,,31/12/2026,", "until"),
        ("stranger,,,viewer,,2026-03-01,", "until"),
        ("stranger,,,viewer,,9999-12-31,", "until"),
        (f"stranger,,,viewer,,,{'x' * 256}", "note"),
        ("member-b,,,viewer,,,", "line"),
        ("stranger,,,viewer,,,,more", "line"),
    ],
)
def test_a_wrong_line_is_named_with_its_column_and_nothing_is_done(
    world: TestWorld, line: str, field: str
) -> None:
    before = state(world)
    report = take(world, f"{HEAD}member-b,,,viewer,,,\n{line}\nmember-a,,,,download,,\n")
    assert not report.done
    assert [(number, column) for number, _, what, column in outcomes(report) if what == "error"] == [
        (3, field)
    ]
    assert [what for number, _, what, _ in outcomes(report) if number != 3] == ["new", "changed"]
    assert state(world) == before
    assert records(world, "member-changed") == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        HEAD,
        "preset\nviewer\n",
        "user,user,preset\na,b,viewer\n",
        "user,colour\nstranger,red\n",
        'user,preset\n"stranger,viewer\n',
        "who,preset\nstranger,viewer\n",
        HEAD + "stranger,,,viewer,,,\n" * (MOST_LINES + 1),
    ],
    ids=range(9),
)
def test_what_is_no_table_of_members_is_refused(world: TestWorld, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        take(world, text)
    assert refused.value.field == "body"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_read_as_spreadsheets_write_it(world: TestWorld, separator: str) -> None:
    rows = [
        ["User", " preset", "UNTIL", "note"],
        ["stranger", "Viewer", "2026-12-31", '"a, b; c"'],
        ["", "", "", ""],
    ]
    text = "\ufeff" + "\r\n".join(separator.join(row) for row in rows) + "\r\n"
    assert outcomes(take(world, text)) == [(2, "stranger", "new", None)]
    assert members(world)["stranger"] == rights(Action.VIEW, Action.COMMENT, until=date(2026, 12, 31))


def test_an_album_keeps_an_owner_whatever_the_table_says(world: TestWorld) -> None:
    for dry_run in (True, False):
        with pytest.raises(Conflict):
            take(world, "user,preset\npi-a,viewer\n", dry_run=dry_run)
    assert take(world, "user,preset\npi-a,viewer\nmember-a,co-owner\n").done
    assert list_members(world, actor=world.actor("member-a"), slug="a")


def test_an_end_that_has_passed_may_stand_in_the_table_as_it_is(world: TestWorld) -> None:
    add_member(
        world,
        actor=SYSTEM,
        slug="a",
        user="stranger",
        rights=rights(Action.VIEW, until=date(2026, 3, 2)),
    )
    world.wait(days=5)
    report = take(world, "user,actions,until\nstranger,view,2026-03-02\n")
    assert outcomes(report) == [(2, "stranger", "same", None)]


@pytest.mark.parametrize("name", PEOPLE)
def test_only_an_owner_imports(world: TestWorld, name: str) -> None:
    if name == "pi-a":
        return
    with pytest.raises(Forbidden if name == "member-a" else NotFound):
        take(world, TABLE, who=name)
    assert members(world) == {"pi-a": OWNER, "member-a": VIEWER}


def test_without_keycloak_nothing_is_imported_and_it_is_said(world: TestWorld) -> None:
    actor = world.actor("pi-a")
    world.keycloak.directory_down = True
    with pytest.raises(Unavailable):
        import_members(world, actor=actor, slug="a", text=TABLE, dry_run=False)
    world.keycloak.directory_down = False
    assert members(world) == {"pi-a": OWNER, "member-a": VIEWER}


def test_a_table_of_guesses_is_not_answered(world: TestWorld) -> None:
    known = "user,preset\nstranger,viewer\n"
    guesses = "".join(f"guess-{number},viewer\n" for number in range(MOST_UNKNOWN + 1))
    with pytest.raises(Invalid) as refused:
        take(world, known + guesses, dry_run=True)
    assert refused.value.field == "body"
    fewer = guesses.partition("\n")[2]
    assert len(take(world, known + fewer, dry_run=True).lines) == MOST_UNKNOWN + 1


# What a table may cost, and what stays of it


def people(world: TestWorld, number: int) -> list[str]:
    names = [f"person-{place}" for place in range(number)]
    for name in names:
        world.keycloak.add_user(name)
    return names


def test_the_names_of_a_table_are_counted_before_any_is_looked_up(world: TestWorld) -> None:
    counted: list[Collection[str]] = []

    def too_many(names: Collection[str]) -> None:
        counted.append(names)
        raise TooMany

    actor = world.actor("pi-a")
    world.keycloak.directory_down = True
    text = f"{TABLE}Stranger,,,reader,,,\n,,,reader,,,\n"
    with pytest.raises(TooMany):
        import_members(world, actor=actor, slug="a", text=text, dry_run=True, counting=too_many)
    assert counted == [{"user:stranger", "user:member-a", "group:/radiology", "email:new@example.org"}]


@pytest.mark.parametrize(
    ("text", "dry_run", "reason", "details"),
    [
        (TABLE, True, "dry-run", {"lines": 4, "new": 3, "same": 1}),
        (f"{TABLE}nobody,,,viewer,,,\n", False, "wrong-line", {"lines": 5, "new": 3, "same": 1, "error": 1}),
        ("user,preset\npi-a,viewer\n", True, "last-owner", {"lines": 1, "changed": 1}),
        (
            "user,preset\n" + "".join(f"guess-{number},viewer\n" for number in range(MOST_UNKNOWN + 1)),
            True,
            "body",
            {"lines": MOST_UNKNOWN + 1},
        ),
    ],
)
def test_a_table_of_which_nothing_was_done_is_one_record_with_counts(
    world: TestWorld, text: str, *, dry_run: bool, reason: str, details: dict[str, int]
) -> None:
    with suppress(Conflict, Invalid):
        take(world, text, dry_run=dry_run)
    [record] = records(world, "members-tried")
    assert (record.actor, record.target, record.label) == (world.actor("pi-a").key, "a", "album-a")
    assert (record.reason, record.details) == (reason, details)


def test_a_table_that_was_taken_is_on_record_by_what_it_did_alone(world: TestWorld) -> None:
    take(world, TABLE)
    assert records(world, "members-tried") == []
    assert len(records(world, "member-added")) == 2 + 2  # those of the world, and those of the table


@pytest.mark.parametrize(
    ("what", "lines", "most"),
    [("new", MOST_LINES, 11), ("invited", MOST_LINES, 6), ("changed", 200, 4), ("same", 200, 1)],
)
def test_each_line_costs_the_same_few_statements_however_many_there_are(
    world: TestWorld, what: str, lines: int, most: int
) -> None:
    few, many = cost(world, what, 10), cost(world, what, lines)
    assert (many - few) / (lines - 10) <= most


def cost(world: TestWorld, what: str, lines: int) -> int:
    """Count what a table asks the database in which all lines come to the same."""
    names = [f"{name}@elsewhere.example" if what == "invited" else name for name in people(world, lines)]
    column = "email" if what == "invited" else "user"
    text = f"{column},preset\n" + "".join(f"{name},viewer\n" for name in names)
    if what in ("changed", "same"):
        assert take(world, text).done
    if what == "changed":
        text = text.replace("viewer", "reader")
    with Counting(world.store) as counted:
        report = take(world, text)
    assert {str(each.outcome) for each in report.lines} == {"new" if what == "invited" else what}
    with world.store.write() as tx:
        tx.execute(delete(Member).where(Member.subject_name.startswith("person-")))
        tx.execute(delete(Invitation))
    return len(counted.statements)


def test_of_an_address_only_its_invitation_into_this_album_is_read(world: TestWorld) -> None:
    def rows() -> int:
        with Counting(world.store) as counted:
            take(world, "email,preset\nnew@example.org,viewer\n")
        return counted.rows

    take(world, "email,preset\nnew@example.org,viewer\n")
    few = rows()
    for place in range(20):
        slug = world.album(f"more-{place}", "pi-b")
        add_member(world, actor=world.actor("pi-b"), slug=slug, email="new@example.org", rights=VIEWER)
    assert rows() == few
