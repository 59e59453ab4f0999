"""Settings of a throw-away installation."""

from pathlib import Path

from pydantic import SecretStr

from auth_service.settings import Settings


def make_settings(folder: Path, **changes: object) -> Settings:
    """Settings over a database in a folder; every secret is invented."""
    values: dict[str, object] = {
        "public_url": "http://127.0.0.1:8080",
        "database_url": f"sqlite:///{folder / 'auth.sqlite'}",
        "listen": f"unix:{folder / 'auth.sock'}",
        "gate_secret": SecretStr("gate-secret-of-the-tests-0123456789"),
        "portal_secret": SecretStr("portal-secret-of-the-tests-0123456789"),
        "backchannel_secret": SecretStr("backchannel-secret-of-the-tests-0123"),
        "encryption_key": SecretStr("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
        "orthanc_url": "http://127.0.0.1:8042",
        "orthanc_username": "gate",
        "orthanc_password": SecretStr("orthanc-password-of-the-tests"),
        "keycloak_url": "http://127.0.0.1:8180/keycloak",
        "client_secret": SecretStr("client-secret-of-the-tests-0123456789"),
        "admin_client_secret": SecretStr("admin-client-secret-of-the-tests-01"),
        "bearer_clients": "portal",
        "cookie_name": "portal_sid_8080",
        "upload_folder": str(folder / "uploads"),
        **changes,
    }
    return Settings.model_validate(values)
