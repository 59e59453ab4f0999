"""What all folders share: the real stack, which starts when the first test asks for it."""

pytest_plugins = ["tests.stack"]
