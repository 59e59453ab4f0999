"""What somebody has been given: the one place that joins memberships of albums and rules of the file."""

from typing import Protocol

from sqlalchemy.orm import Session

from auth_service.policy.model import Actor, Grant
from auth_service.rules import RulesFile
from auth_service.settings import Settings
from auth_service.store import albums


class Given(Protocol):
    """Where grants come from, beside the database."""

    @property
    def settings(self) -> Settings:
        """What the site decided."""
        ...

    @property
    def rules(self) -> RulesFile:
        """The rules file in force."""
        ...


def grants_of(tx: Session, given: Given, actor: Actor) -> list[Grant]:
    """Return every grant that the actor has, ended ones included; what of them a token leaves is not cut yet.

    Raises
    ------
    NoRules
        If there is a rules file and it was never good.

    """
    return [*albums.grants_of(tx, actor, zone=given.settings.zone), *given.rules.of(actor)]
