"""Let only administrators pass, with one answer everywhere: to others there is no such thing."""

from auth_service.gate import Recorder, refuse_system
from auth_service.judging import judge_system
from auth_service.origin import Origin
from auth_service.policy.model import Actor


def require_admin(world: Recorder, *, actor: Actor, path: str, origin: Origin) -> None:
    """Let only an administrator pass, in person; whoever does not is on record.

    Raises
    ------
    NotFound
        If he is none.
    NotInPerson
        If it is a program, in whoever's name it comes.

    """
    decision = judge_system(actor, world.clock())
    if not decision.allowed:
        refuse_system(world, actor=actor, decision=decision, path=path, origin=origin)
