"""`python -m headstart` is the command `headstart`."""

import sys

from headstart.cli import main

sys.exit(main())
