"""How the parts are, as the API says it."""

from typing import Literal

from pydantic import BaseModel

from auth_service.http.documents.shared import Up


class Parts(BaseModel):
    """The parts that the portal needs."""

    auth_service: Up
    orthanc: Up
    keycloak: Up


class Health(BaseModel):
    """Whether everything works."""

    status: Literal["ok", "degraded"]
    parts: Parts
