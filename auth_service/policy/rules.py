"""From the text of ``permissions.jsonc`` to rules, or to what is wrong with it and where.

No input or output: who a name is, and what a label is on, is asked by whoever may ask (``rules/``). A file
with one problem gives no rule at all; a warning gives less, never more.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from auth_service.policy import jsonc
from auth_service.policy.permissions import PERMISSIONS
from auth_service.policy.rules_schema import DAY, LABEL, MODALITY, OURS, SCHEMA
from auth_service.vocabulary import EVERYTHING, Action, LabelKind, SubjectKind, label_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Some actions on what carries one label, for whom the file names."""

    kind: SubjectKind
    name: str
    """As the file writes it: name of a role, path of a group, user name."""
    actions: frozenset[Action]
    label: str
    """A label, or `EVERYTHING`."""
    modalities: frozenset[str] | None
    until: date | None
    """The last day; ``None``: no end."""
    place: jsonc.Place
    """Where its label stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something to say about a file: an English gettext id with named places, and where it is about."""

    message: str
    places: Mapping[str, str] = field(default_factory=dict)
    place: jsonc.Place


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesText:
    """What a text says."""

    rules: tuple[Rule, ...] = ()
    """None where there is a problem."""
    problems: tuple[Remark, ...] = ()
    warnings: tuple[Remark, ...] = ()


def remark(message: str, place: jsonc.Place, **places: str) -> Remark:
    """Make a remark; its places are shortened, as they come from the file."""
    return Remark(message=message, place=place, places={name: text[:200] for name, text in places.items()})


def read(text: str) -> RulesText:
    """Read a text in the format of `SCHEMA`."""
    try:
        document = jsonc.read(text.removeprefix("\ufeff"))
    except jsonc.UnreadableError as error:
        return RulesText(
            problems=(remark("This is not JSON with comments: {why}.", error.place, why=error.why),)
        )
    problems = [
        remark("{key} stands twice here.", place, key=str(path[-1])) for path, place in document.repeated
    ]
    errors = Draft202012Validator(SCHEMA).iter_errors(document.value)
    problems += [told for error in errors for told in _told(document, error)]
    if problems:
        return RulesText(problems=_in_order(problems))
    return _Reader(document).read()


def _in_order(remarks: list[Remark]) -> tuple[Remark, ...]:
    """Put what is said into the order of the text, each once."""
    said = {(one.place, one.message, *sorted(one.places.items())): one for one in remarks}
    return tuple(sorted(said.values(), key=lambda one: one.place))


class _Reader:
    """Reads a document that has the right shape."""

    def __init__(self, document: jsonc.Document) -> None:
        self._document = document
        self._rules: list[Rule] = []
        self._problems: list[Remark] = []
        self._warnings: list[Remark] = []

    def read(self) -> RulesText:
        """Read roles, and then our own grants."""
        value = self._document.value
        for key in value.keys() - SCHEMA["properties"].keys() - {"$schema"}:
            self._warn("{key} is not known here and is passed over.", (key,), key=key)
        for name, entry in value["roles"].items():
            self._role(name, entry)
        for number, entry in enumerate(value.get(OURS, [])):
            self._grant((OURS, number), entry)
        if self._problems:
            return RulesText(problems=_in_order(self._problems), warnings=_in_order(self._warnings))
        return RulesText(rules=tuple(self._rules), warnings=_in_order(self._warnings))

    def _role(self, name: str, entry: Any) -> None:  # noqa: ANN401 - JSON
        path: jsonc.Path = ("roles", name)
        if isinstance(entry, list):
            self._warn(
                "{role} is written as before labels: its permissions hold for every study.", path, role=name
            )
            self._add(path, self._rule(SubjectKind.ROLE, name, self._allowed(path, entry)), EVERYTHING)
            return
        actions = self._allowed(path, entry.get("permissions", []))
        key = "authorized_labels" if "authorized_labels" in entry else "authorized-labels"
        labels = entry.get(key, [])
        if not labels:
            self._warn("{name} names no label and gives nothing.", path, name=name)
        for number, label in enumerate(labels):
            where = (*path, key, number)
            if re.fullmatch(LABEL, label):
                self._add(where, self._rule(SubjectKind.ROLE, name, actions), label)
            else:
                self._warn("{label} cannot be a label in Orthanc and can never match.", where, label=label)

    def _allowed(self, path: jsonc.Path, permissions: list[str]) -> frozenset[Action]:
        actions = frozenset(action for name in permissions for action in PERMISSIONS[name].actions)
        if not actions:
            self._warn("{name} has no permission that gives anything here.", path, name=str(path[-1]))
        return actions

    def _grant(self, path: jsonc.Path, entry: Mapping[str, Any]) -> None:
        [(kind, name)] = entry["to"].items()
        rule = replace(
            self._rule(SubjectKind(kind), name, frozenset(Action(word) for word in entry["actions"])),
            modalities=frozenset(entry["modalities"]) if "modalities" in entry else None,
            until=self._day((*path, "until"), entry.get("until")),
        )
        for number, label in enumerate(entry["labels"]):
            self._add((*path, "labels", number), rule, label)

    def _rule(self, kind: SubjectKind, name: str, actions: frozenset[Action]) -> Rule:
        """Begin a rule: on which label, and where that stands, is added."""
        return Rule(
            kind=kind,
            name=name,
            actions=actions,
            label="",
            modalities=None,
            until=None,
            place=self._document.place(()),
        )

    def _day(self, path: jsonc.Path, text: str | None) -> date | None:
        try:
            return date.fromisoformat(text) if text is not None else None
        except ValueError:
            self._problem("{day} is not a day.", path, day=str(text))
            return None

    def _add(self, path: jsonc.Path, rule: Rule, label: str) -> None:
        if label_kind(label) is LabelKind.ALBUM:
            self._problem(
                "{label} is reserved: albums give their own rights. Make the person a member instead.",
                path,
                label=label,
            )
        if rule.actions:
            self._rules.append(replace(rule, label=label, place=self._document.place(path)))

    def _problem(self, message: str, path: jsonc.Path, **places: str) -> None:
        self._problems.append(remark(message, self._document.place(path), **places))

    def _warn(self, message: str, path: jsonc.Path, **places: str) -> None:
        self._warnings.append(remark(message, self._document.place(path), **places))


def _told(document: jsonc.Document, error: ValidationError) -> Iterator[Remark]:
    """Say in our words, and at its place, what the schema found."""
    path: jsonc.Path = tuple(error.absolute_path)
    place = document.place(path)
    schema: Any = error.schema
    value: Any = error.instance
    match error.validator:
        case "required":
            for key in sorted(set(schema["required"]) - set(value)):
                yield remark("{key} is missing here.", place, key=key)
        case "additionalProperties":
            for key in sorted(set(value) - set(schema["properties"])):
                yield remark("{key} is not known here.", document.place((*path, key)), key=key)
        case "enum":
            expected = ", ".join(schema["enum"])
            yield remark("{value} is not among {expected}.", place, value=str(value), expected=expected)
        case "type":
            yield remark("What stands here must be of the type {expected}.", place, expected=schema["type"])
        case "pattern":
            yield remark(_PATTERNS[schema["pattern"]], place, value=str(value))
        case "minLength" | "maxLength":
            # About a key, the schema's path is that of the object around it.
            yield remark("A name must have between 1 and 1024 characters.", document.place((*path, value)))
        case other:
            yield remark(_COUNTS[str(other)], place)


def _(message: str) -> str:
    """Mark a text for the catalogues."""
    return message


_PATTERNS = {
    LABEL: _("{value} cannot be a label: 1 to 64 letters, digits, _ and -, or * for everything."),
    MODALITY: _("{value} is no modality: up to 16 capitals and digits, such as CT."),
    DAY: _("{value} is no day: it is written YYYY-MM-DD."),
}

_COUNTS = {
    "not": _("authorized-labels and authorized_labels stand both here: keep one."),
    "minItems": _("This list must not be empty."),
    "minProperties": _("Exactly one of role, group and person must stand here."),
    "maxProperties": _("Exactly one of role, group and person must stand here."),
}
