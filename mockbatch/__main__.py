"""`python -m mockbatch`."""

import sys

from mockbatch.cli import main

sys.exit(main())
