"""How a job ended, as plain data."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Status = Literal["finished", "took too long", "used too much memory", "crashed", "said too much"]


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a job: its `value` where it finished, one sentence in `why` where it did not.

    `said` is what it printed, cut to the limit; `error` the name of the exception that left it, if one did.
    """

    status: Status
    value: Any = None
    why: str = ""
    error: str = ""
    said: str = ""
    seconds: float = 0.0

    @property
    def finished(self) -> bool:
        """Whether the function returned."""
        return self.status == "finished"
