"""The JSON Schema of ``permissions.jsonc`` (draft 2020-12), published as ``docs/permissions.schema.json``.

What Orthanc's own auth service reads stands as that service has it. Ours stands under one key of the
outermost object, which that service passes over: within a role it would pass a condition over too, and give
more.
"""

from typing import Any

from auth_service.policy.permissions import PERMISSIONS
from auth_service.vocabulary import RULE_ACTIONS

OURS = "paradim-grants"
"""The key under which our own grants stand."""

LABEL = r"^(\*|[A-Za-z0-9_-]{1,64})(?!\n)$"
MODALITY = r"^[A-Z0-9_]{1,16}(?!\n)$"
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?!\n)$"
"""To Python a ``$`` is also before a last end of line, to JSON Schema it is not."""

_TEXTS = {"type": "array", "items": {"type": "string"}}
_PERMISSIONS = {"type": "array", "items": {"enum": list(PERMISSIONS)}}
_NAME = {"type": "string", "minLength": 1, "maxLength": 1024}

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Who may do what to which images: permissions.jsonc of the PARADIM portal",
    "type": "object",
    "required": ["roles"],
    "properties": {
        "roles": {
            "description": "By name of a realm role of Keycloak; as Orthanc's own auth service reads it.",
            "type": "object",
            "propertyNames": _NAME,
            "additionalProperties": {
                "if": {"type": "array"},
                "then": {"$ref": "#/$defs/permissions-over-everything"},
                "else": {"$ref": "#/$defs/role"},
            },
        },
        "available-labels": _TEXTS,
        "available_labels": _TEXTS,
        OURS: {"type": "array", "items": {"$ref": "#/$defs/grant"}},
    },
    "$defs": {
        "role": {
            "type": "object",
            "properties": {
                "authorized-labels": _TEXTS,
                "authorized_labels": _TEXTS,
                "permissions": _PERMISSIONS,
            },
            "not": {"type": "object", "required": ["authorized-labels", "authorized_labels"]},
            "additionalProperties": False,
        },
        "permissions-over-everything": {
            "description": "As it was written before labels: the permissions hold for every study.",
            **_PERMISSIONS,
        },
        "grant": {
            "description": "Our own: to a role, a group or a person, on labels, of some modalities.",
            "type": "object",
            "required": ["to", "labels", "actions"],
            "properties": {
                "to": {
                    "type": "object",
                    "properties": {
                        "role": {"description": "A realm role, by name.", **_NAME},
                        "group": {"description": "A group of Keycloak, by its full path.", **_NAME},
                        "person": {"description": "A person, by user name.", **_NAME},
                    },
                    "additionalProperties": False,
                    "minProperties": 1,
                    "maxProperties": 1,
                },
                "labels": {
                    "description": "Labels in Orthanc, or * for everything.",
                    "type": "array",
                    "items": {"type": "string", "pattern": LABEL},
                    "minItems": 1,
                },
                "actions": {
                    "type": "array",
                    "items": {"enum": sorted(RULE_ACTIONS)},
                    "minItems": 1,
                },
                "modalities": {
                    "description": "Only series of these; without it, of any.",
                    "type": "array",
                    "items": {"type": "string", "pattern": MODALITY},
                    "minItems": 1,
                },
                "until": {
                    "description": "The last day, in the site's time zone; without it or 9999-12-31, no end.",
                    "type": "string",
                    "pattern": DAY,
                },
            },
            "additionalProperties": False,
        },
    },
}
