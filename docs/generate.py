"""Write the pages that only repeat what the code says: of rights, of the rules file, and of settings.

``make docs`` runs it; a test fails when what is committed differs from what it would write.
"""

import json
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from pydantic_settings import BaseSettings

from auth_service import settings as auth_settings
from auth_service.policy.permissions import PERMISSIONS
from auth_service.policy.rules_schema import SCHEMA
from auth_service.targets import TABLE, Row, Way
from auth_service.vocabulary import (
    MEMBER_ACTIONS,
    OWNER_ACTIONS,
    PRESETS,
    RULE_ACTIONS,
    Action,
    AlbumRole,
    AuditEvent,
    Finding,
    LabelKind,
    Level,
    MemberState,
    Outcome,
    RealmRole,
    SubjectKind,
    WayOut,
    Why,
)
from portal import settings as portal_settings

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Write every page; with ``--check`` only say which ones differ."""
    pages = {
        "docs/permissions.md": permissions(),
        "docs/permissions.schema.json": schema(),
        ".env.example": environment(),
    }
    differing = [name for name, text in pages.items() if not _same(ROOT / name, text)]
    if "--check" in sys.argv:
        for name in differing:
            print(f"{name} differs from the code: run 'make docs'")
        return 1 if differing else 0
    for name in differing:
        (ROOT / name).write_text(pages[name], encoding="utf-8")
        print(f"{name} written")
    return 0


def permissions() -> str:
    """Return the page of rights: words, roles, routes."""
    return "\n".join(
        [
            "# Who may do what",
            "",
            "<!-- Written by docs/generate.py from the vocabulary and the targets of auth_service. -->",
            "",
            "An **actor** does an **action** on a **resource**, or may not. What no grant says is no.",
            "",
            "## Actions",
            "",
            *_table(
                (
                    "action",
                    "what it is",
                    "owner of an album",
                    "member, where given",
                    "the rules file, where it says so",
                ),
                (
                    (
                        f"`{action}`",
                        action.sentence,
                        _mark(action in OWNER_ACTIONS),
                        _mark(action in MEMBER_ACTIONS),
                        _mark(action in RULE_ACTIONS),
                    )
                    for action in Action
                ),
            ),
            "",
            *_words("Roles in an album", AlbumRole),
            "## Presets",
            "",
            "Names for rights that are often given together; each right can be given on its own too.",
            "",
            *_table(
                ("preset", "meaning", "gives"),
                (
                    (
                        f"`{preset}`",
                        preset.sentence,
                        "everything"
                        if given == OWNER_ACTIONS
                        else ", ".join(f"`{action}`" for action in Action if action in given),
                    )
                    for preset, given in PRESETS.items()
                ),
            ),
            "",
            *_words("How far somebody has come who was given rights", MemberState),
            *_words("Whom people find who may invite (`AUTH_FIND_PEOPLE`)", Finding),
            *_words("Roles of the realm", RealmRole),
            *_words("Labels in Orthanc", LabelKind),
            *_words("To whom rights are given", SubjectKind),
            "## Permissions of the rules file",
            "",
            "The names are those of Orthanc's own auth service; [the schema](permissions.schema.json) has",
            "the shape of the file, and [the guide](admins/rules.md) says how to work with it.",
            "",
            *_table(
                ("permission", "gives here", "why"),
                (
                    (
                        f"`{name}`",
                        ", ".join(f"`{action}`" for action in Action if action in permission.actions) or "-",
                        permission.reason,
                    )
                    for name, permission in PERMISSIONS.items()
                ),
            ),
            "",
            *_routes(),
            *_words("What somebody gets", Outcome),
            *_words("Why", Why),
            *_words("What would let him in", WayOut),
            *_words("What the audit holds", AuditEvent),
        ]
    )


def _routes() -> Iterable[str]:
    head = ("route", "action", "way", "query parameters")
    open_to_somebody = [row for row in TABLE if row.way is not Way.NOBODY]
    yield from (
        "## Routes about images",
        "",
        "Every request under `/dicom-web/` and `/orthanc/` that is not in these tables is answered 404.",
        "*Streamed*: nginx asks for a decision, then streams from Orthanc. *Answered*: the auth service",
        "asks Orthanc a question that is narrowed to what the actor may see. HEAD asks what GET asks.",
        "",
        *_table(head, (_route(row) for row in open_to_somebody if row.level is not Level.SYSTEM)),
        "",
        "## Routes about the archive as a whole",
        "",
        "For administrators who signed in themselves. Where the action is another than `administer`,",
        "a rule must give them that action on everything besides.",
        "",
        *_table(head, (_route(row) for row in open_to_somebody if row.level is Level.SYSTEM)),
        "",
        "## Routes that are for nobody",
        "",
        "Orthanc has them, and they are answered 404 to everybody, administrators included.",
        "",
        *_table(("why", "routes"), _refused()),
        "",
    )


def _refused() -> Iterable[tuple[str, str]]:
    refused = [row for row in TABLE if row.way is Way.NOBODY]
    for why in dict.fromkeys(row.why for row in refused):
        yield why, "<br>".join(f"`{row.method} {row.path}`" for row in refused if row.why == why)


def schema() -> str:
    """Return the JSON Schema of the rules file."""
    return json.dumps(SCHEMA, indent=2) + "\n"


def environment() -> str:
    """Return every setting with what it means, ready to be filled in."""
    lines = [
        "# Every setting of the auth service and the portal; written by docs/generate.py.",
        "# Behind '#' stands a default; what has no value must be given one. No secret has a default.",
    ]
    for title, model in (
        ("auth service", auth_settings.Settings),
        ("portal", portal_settings.Settings),
    ):
        lines += ["", f"# --- {title} " + "-" * 40, *_settings(model)]
    return "\n".join(lines) + "\n"


def _settings(model: type[BaseSettings]) -> Iterable[str]:
    prefix = model.model_config.get("env_prefix", "")
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name}".upper()
        if field.description:
            yield f"# {field.description}"
        if field.is_required():
            yield f"{variable}="
        else:
            yield f"#{variable}={'' if field.default is None else field.default}"


def _words(title: str, words: type[StrEnum]) -> Iterable[str]:
    yield f"## {title}"
    yield ""
    yield from _table(("word", "meaning"), ((f"`{word}`", getattr(word, "sentence", "")) for word in words))
    yield ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterable[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def _route(row: Row) -> tuple[str, ...]:
    return f"`{row.method} {row.path}`", _action(row), row.way.value, _parameters(row)


def _action(row: Row) -> str:
    if row.by_class:
        return f"`{Action.VIEW}` for SEG, SR, PR, KO and RTSTRUCT, else `{row.action}`"
    return f"`{row.action}`"


def _parameters(row: Row) -> str:
    if "*" in row.parameters:
        return "those of the standard or of Orthanc, each checked"
    return ", ".join(f"`{name}`" for name in row.parameters) or "none"


def _mark(yes: bool) -> str:  # noqa: FBT001 - a table's cell
    return "yes" if yes else "-"


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    raise SystemExit(main())
