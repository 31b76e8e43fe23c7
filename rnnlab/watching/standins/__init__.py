"""Stand-ins of a dry run: data, downloads and packages that are not there are made up, and each use is told.

The program gets to its end without them, so that its shapes and stages can be seen; what it computes from made-up reviews
means nothing, and every fact that rests on them says so.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from typing import Any

from rnnlab.watching.bridges.imports import Imports, placed
from rnnlab.watching.bridges.telling import Teller
from rnnlab.watching.recorder import Recorder
from rnnlab.watching.standins.asked import stand_in_for_the_user
from rnnlab.watching.standins.corpora import stand_in_for_corpora
from rnnlab.watching.standins.files import Files
from rnnlab.watching.standins.inert import stand_in_for_packages, stand_in_for_tensorboard
from rnnlab.watching.standins.network import Downloads
from rnnlab.watching.standins.reading import stand_in_for_tables
from rnnlab.watching.standins.registry import forget, has_made_up, is_stand_in

__all__ = ["StandIns", "has_made_up", "is_stand_in"]


class StandIns:
    """What a dry run needs to get by without: entered before the program's first line, and gone without trace afterwards.

    Args:
        sources: the program's texts, read for the columns and labels that it wants.
    """

    def __init__(self, recorder: Recorder, sources: Sequence[str]) -> None:
        self._teller = Teller(recorder, "stand-in")
        self._files, self._sources = Files(self._teller, sources), tuple(sources)
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> StandIns:
        with contextlib.ExitStack() as undo:
            undo.callback(forget)
            first, last = Imports(), Imports(last=True, serves=self._teller.learner_calls)
            downloads = Downloads(self._files)
            stand_in_for_packages(self._teller, last)
            stand_in_for_tensorboard(self._teller, first)
            stand_in_for_tables(self._files, first, undo)
            stand_in_for_corpora(downloads, first, undo)
            downloads.install(first, undo)
            _keep_checkpoints_apart(self._files, undo)
            stand_in_for_the_user(self._teller, self._sources, undo)
            undo.enter_context(first)
            undo.enter_context(last)
            self._files.install(undo)
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._undo.close()


def _keep_checkpoints_apart(files: Files, undo: contextlib.ExitStack) -> None:
    """Save weights to a temporary folder: PyTorch opens the file by itself, past Python."""
    import torch

    original: Callable[..., None] = torch.save

    @functools.wraps(original)
    def save(thing: Any, f: Any, *args: Any, **options: Any) -> None:
        path = files.kept_apart(f) if isinstance(f, str) or hasattr(f, "__fspath__") else f
        original(thing, path, *args, **options)

    undo.enter_context(placed(torch, "save", save))
