"""What all folders share: the real stack, which starts when the first test asks for it."""

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# No test says how long something takes: on a busy machine anything may take long.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

pytest_plugins = ["tests.stack"]

OF_THE_STACK = ("tests/integration/", "tests/browser/")


class OneStack(LoadScopeScheduling):  # type: ignore[misc]  # of which no types are published
    """Keeps the tests of the real stack in one process, as it is one stack; and those of each file."""

    def _split_scope(self, nodeid: str) -> str:
        return "stack" if nodeid.startswith(OF_THE_STACK) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneStack:
    """Say which tests may run beside which, where there are several processes."""
    return OneStack(config, log)
