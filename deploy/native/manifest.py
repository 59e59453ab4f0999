"""``stack.json``: the file by which scripts, tools and tests find their way in a running stack."""

import json
from typing import Any

from deploy.native import accounts, credentials
from deploy.native.files import write_private
from deploy.native.ports import LOOPBACK
from deploy.native.processes import ProcessInfo
from deploy.native.programs import REALM, Context, Program


def build(context: Context, programs: list[Program], infos: dict[str, ProcessInfo]) -> dict[str, Any]:
    """Return the content (its shape is a contract: section 11 of the design)."""
    secrets, dicom = context.secrets, context.dicom
    people = {
        account.username: {
            "username": account.username,
            "password": secrets.account_passwords[account.username],
            "role": account.role,
        }
        for account in accounts.ACCOUNTS
    }
    return {
        "url": context.settings.public_url,
        "cookie": context.settings.cookie_name,
        "data": str(context.data.root),
        "processes": {
            program.name: {
                "pid": infos[program.name].pid if program.name in infos else 0,
                "url": program.url,
                "health": program.probe.url,
                "log": str(context.data.logs / f"{program.name}.log"),
            }
            for program in programs
        },
        "accounts": people,
        "internal": {
            "orthanc": {
                "url": context.orthanc_url,
                "username": credentials.ORTHANC_USER,
                "password": secrets.orthanc_password,
            },
            "dicom": {"host": LOOPBACK, "port": dicom.port, "ae_title": dicom.ae_title} if dicom else None,
            "auth_service": {
                "socket": str(context.auth_socket),
                "secret": secrets.gate,
                "portal_secret": secrets.portal,
                "backchannel": context.backchannel_url,
                "rules_file": str(context.data.rules),
            },
            "database": context.database_url,
            "keycloak": {
                "url": context.keycloak_url,
                "realm": REALM,
                "issuer": context.issuer,
                "admin": {
                    "username": credentials.KEYCLOAK_ADMIN,
                    "password": secrets.keycloak_admin_password,
                },
                "portal_admin": {
                    "client_id": credentials.ADMIN_CLIENT,
                    "client_secret": secrets.admin_client_secret,
                },
            },
        },
    }


def write(context: Context, content: dict[str, Any]) -> None:
    """Write it, whole or not at all."""
    write_private(context.data.manifest, json.dumps(content, indent=2) + "\n")
