"""Watches the libraries that hold a program's data and weights, and what the program says: all witnesses of data together.

Each watched function is replaced while a recording runs and put back afterwards, also after a crash. A library that the
program has not imported is watched from the moment when it does.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from rnnlab.facts import Place
from rnnlab.watching.data.patches import Patches
from rnnlab.watching.data.speaking import Speaking
from rnnlab.watching.data.tables import Tables
from rnnlab.watching.data.tallies import Tallies
from rnnlab.watching.data.words import Words
from rnnlab.watching.describing import Describer, describe
from rnnlab.watching.places import here
from rnnlab.watching.recorder import Recorder
from rnnlab.watching.replacing import replaced


class Libraries:
    """The witness of data: tables, splits, vocabularies, loaders, batches, optimizers, checkpoints, and printed text."""

    def __init__(self, recorder: Recorder, describer: Describer) -> None:
        self.recorder, self.describer = recorder, describer
        self._depth = 0
        self._patches = Patches(recorder)
        self._tallies: Tallies | None = None

    def __enter__(self) -> Libraries:
        patches = self._patches = Patches(self.recorder)
        self._tallies = tallies = Tallies(self.describer)
        patches.__enter__()
        try:
            with patches.together():
                Speaking(patches)
                Tables(patches, self.describer, tallies)
                Words(patches, self.describer, tallies)
                patches.after_import("torchtext.data", self._watch_torchtext)
                self._watch_scikit_learn()
                self._watch_torch()
        except BaseException:
            patches.__exit__()
            raise
        return self

    def __exit__(self, *error: Any) -> None:
        with self.recorder.guarded():
            if self._tallies is not None:
                self._tallies.tell(grown=True)
        self._patches.__exit__(*error)

    def _watch_scikit_learn(self) -> None:
        from rnnlab.watching.data.scikit_learn import ScikitLearn

        ScikitLearn(self._patches, self.describer)

    def _watch_torch(self) -> None:
        """The witnesses of torch, where there is torch: whoever watches loads of tables alone does not pay for it."""
        if "torch" not in sys.modules:
            return
        from torch.utils.data import DataLoader

        from rnnlab.watching.data.checkpoints import Checkpoints
        from rnnlab.watching.data.forecasts import Forecasts
        from rnnlab.watching.data.loaders import Loaders
        from rnnlab.watching.data.training import Training

        patches = self._patches
        Loaders(patches, self.describer)
        Training(patches, self.describer)
        Checkpoints(patches, self.describer)
        Forecasts(patches, self.describer)
        patches.until_the_end(replaced(DataLoader, "__iter__", self._batches(vars(DataLoader)["__iter__"])))

    # --- torchtext -----------------------------------------------------------------------------------------------

    def _watch_torchtext(self, data: ModuleType) -> None:
        """The classic API; newer ones have no Field."""
        if not hasattr(data, "Field"):
            return
        undo = self._patches.until_the_end
        for owner, name in (
            (data.TabularDataset, "__init__"),
            (data.Dataset, "__init__"),
            (data.Dataset, "split"),
            (data.Field, "build_vocab"),
            (data.Iterator, "__init__"),
        ):
            undo(replaced(owner, name, self._made(vars(owner)[name])))
        for owner in (data.TabularDataset, data.Dataset, data.Iterator):
            if "splits" in vars(owner):
                undo(replaced(owner, "splits", classmethod(self._made(vars(owner)["splits"].__func__))))
        undo(replaced(data.Iterator, "__iter__", self._batches(vars(data.Iterator)["__iter__"])))
        undo(replaced(data.Field, "preprocess", self._preprocess(vars(data.Field)["preprocess"])))

    def _preprocess(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Remember which Field cuts reviews, so that a prediction's tokens can be compared with its own."""

        @functools.wraps(original)
        def watched(field: Any, text: Any) -> Any:
            if getattr(field, "sequential", False):
                self.describer.cutter = field
            return original(field, text)

        return watched

    def _made(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Tell what a call of the learner's made: the outermost call speaks for those that it makes itself."""

        @functools.wraps(original)
        def watched(first: Any, *args: Any, **kwargs: Any) -> Any:
            self._depth += 1
            try:
                result = original(first, *args, **kwargs)
            finally:
                self._depth -= 1
            frame = self.recorder.places.learner(here())
            if self._depth == 0 and frame is not None and not self.recorder.quiet:
                with self.recorder.guarded():
                    for given in (*args, *kwargs.values()):
                        if isinstance(given, str) and original.__name__ == "__init__":
                            self.describer.mark(self.describer.identities.number(first), given)
                            self._tell_read(first, given, frame)
                    self._tell_made(original.__name__, first, args, result, frame)
            return result

        return watched

    def _tell_read(self, dataset: Any, path: str, frame: FrameType) -> None:
        """Tell of the rows that a TabularDataset has read, and of the tokens that it has cut them into."""
        examples = getattr(dataset, "examples", None)
        if type(dataset).__name__ != "TabularDataset" or not isinstance(examples, list) or not Path(path).suffix:
            return
        place, describer = self.recorder.places.place(frame), self.describer
        number = self.recorder.new_id()
        describer.mark(number, path)
        rows = {"rows": float(len(examples))}
        describer.tell_data(place, "file", number, counts=rows, samples={"path": path, "read_by": "TabularDataset"})
        _, counts, samples = describe(dataset)
        if "tokens" in counts:
            cut = {"texts": rows["rows"], **{word: counts[word] for word in ("tokens", "longest", "empty")}}
            first = {"first": samples.get("first", [])}
            describer.tell_data(place, "tokens", self.recorder.new_id(), "", (number,), cut, first)

    def _tell_made(self, function: str, first: Any, args: tuple[Any, ...], result: Any, frame: FrameType) -> None:
        place = self.recorder.places.place(frame)
        names = self.recorder.places.binds(place)
        if function == "__init__":
            self.describer.tell(first, place, names[0] if names else "", ())
        elif function == "build_vocab":
            name = next(iter(self.recorder.places.names(frame, [first])), "")
            self.describer.tell_vocabulary(first, args, place, name)
        else:
            parents = (first,) if not isinstance(first, type) else ()
            for i, made in enumerate(result if isinstance(result, tuple) else (result,)):
                name = names[i] if len(names) == len(result) else ""
                self.describer.tell(made, place, name, parents, position=i, of=len(result))

    # --- passes --------------------------------------------------------------------------------------------------

    def _batches(self, original: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        @functools.wraps(original)
        def watched(loader: Any) -> Iterator[Any]:
            # The original runs at once, as it would alone: torch's loader draws its seed here.
            batches = original(loader)
            frame = self.recorder.places.learner(here())
            if frame is None or self.recorder.quiet:
                return batches
            return self._watched_pass(loader, batches, self.recorder.places.place(frame))

        return watched

    def _watched_pass(self, loader: Any, batches: Iterator[Any], place: Place | None) -> Iterator[Any]:
        recorder = self.recorder
        over, turns = -1, None
        with recorder.guarded():
            over = self.describer.ensure(loader, place)
            turns = recorder.begin_loop(place, over, _declared(loader))
        if turns is None:
            yield from batches
            return
        try:
            for batch in batches:
                if recorder.is_enough(turns):  # a dry run
                    break
                with recorder.guarded():
                    turns.executed += 1
                    self.describer.tell_batch(batch, loader, over, place, turns)
                yield batch
        finally:
            recorder.end_loop(turns)


def _declared(loader: Any) -> int | None:
    """Return how many batches a loader promises; a stream promises none."""
    try:
        return len(loader)
    except TypeError:
        return None
