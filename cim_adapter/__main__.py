"""``python -m cim_adapter``."""

import sys

from cim_adapter.cli import main

sys.exit(main())
