"""What all folders share: the real stack, which starts when the first test asks for it."""

import pytest

pytest_plugins = ["tests.stack"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of the real stack together, in one process where there are several: it is one stack."""
    for item in items:
        if "native_stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("stack"))
