"""Lets programs of 2018 to 2024 run on today's libraries while they are watched, and says what to write today."""

from __future__ import annotations

import contextlib
from typing import Any

from rnnlab.watching.bridges.imports import Imports
from rnnlab.watching.bridges.old_torchtext import bridge_torchtext
from rnnlab.watching.bridges.removals import bridge_removals
from rnnlab.watching.bridges.scalars import bridge_scalars
from rnnlab.watching.bridges.telling import Teller
from rnnlab.watching.recorder import Recorder


class Bridges:
    """Everything that old programs miss, there for as long as this context is entered; afterwards nothing is changed.

    Each bridge that is really used tells one `Instead` at the learner's line.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._teller = Teller(recorder, "bridge")
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> Bridges:
        with contextlib.ExitStack() as undo:
            imports = Imports()
            bridge_torchtext(self._teller, imports, undo)
            bridge_removals(self._teller, imports, undo)
            bridge_scalars(self._teller, undo)
            undo.enter_context(imports)
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._undo.close()
