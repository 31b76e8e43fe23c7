"""Pure functions from a record or a report to something to look at."""

import random

# Rich draws random numbers while it is imported; a program that has set its seed before must not notice.
_state = random.getstate()
import rich.console  # noqa: E402
import rich.progress  # noqa: E402
import rich.syntax  # noqa: E402, F401

random.setstate(_state)
