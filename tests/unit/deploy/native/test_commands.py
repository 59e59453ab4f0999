import sys

import pytest

from deploy.native import environment
from deploy.native.commands import run
from deploy.native.errors import CannotGoOn


def test_the_output_of_a_command_is_returned() -> None:
    assert run([sys.executable, "-c", "print('x')"], what="asking", env=environment.base()) == "x\n"


def test_a_failure_says_what_the_command_said_last() -> None:
    code = "import sys; print('first'); print('the reason', file=sys.stderr); sys.exit(1)"
    with pytest.raises(CannotGoOn, match=r"unpacking failed: .*the reason"):
        run([sys.executable, "-c", code], what="unpacking", env=environment.base())


@pytest.mark.parametrize(
    "said",
    [
        "Temporary failure resolving 'archive.example'",
        "npm error code EAI_AGAIN",
        "Unknown host repo.example: Name or service not known",
        "Failed to establish a new connection: [Errno 101] Network is unreachable",
    ],
)
def test_a_missing_network_is_recognised_in_what_each_client_prints(said: str) -> None:
    code = f"import sys; print({said!r}); sys.exit(100)"
    with pytest.raises(CannotGoOn, match="network") as refusal:
        run([sys.executable, "-c", code], what="fetching", env=environment.base())
    assert "Connect this machine" in refusal.value.remedy


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(CannotGoOn, match="no-such-program was not found"):
        run(["no-such-program"], what="fetching", env=environment.base())
