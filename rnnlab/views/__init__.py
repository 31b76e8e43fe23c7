"""Pure functions from a record or a report to something to look at."""
