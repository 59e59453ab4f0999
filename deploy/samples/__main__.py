"""Entry of ``python -m deploy.samples``."""

import sys

from deploy.samples.cli import main

sys.exit(main())
