"""Watches the data libraries (torchtext's Field API, DataLoader) and what the program prints.

Each watched function is replaced while a recording runs and put back afterwards, also after a crash.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from rnnlab.facts import Place, Said
from rnnlab.watching.describing import Describer
from rnnlab.watching.places import Places, here
from rnnlab.watching.recorder import Recorder


@contextlib.contextmanager
def replaced(owner: Any, name: str, new: Any) -> Iterator[None]:
    """Replace an attribute for a while."""
    original = vars(owner)[name]
    setattr(owner, name, new)
    try:
        yield
    finally:
        setattr(owner, name, original)


@contextlib.contextmanager
def replaced_everywhere(owner: Any, name: str, new: Any, places: Places) -> Iterator[None]:
    """Replace a function in its module and in every module of the learner's that imported it by name."""
    original = getattr(owner, name)
    changed: list[tuple[dict[str, Any], str]] = []
    for module in [owner, *_learner_modules(places)]:
        for word, value in list(vars(module).items()):
            if value is original:
                vars(module)[word] = new
                changed.append((vars(module), word))
    try:
        yield
    finally:
        for namespace, word in changed:
            if namespace.get(word) is new:
                namespace[word] = original
        # A module that was imported while the recording ran holds the replacement under its own name.
        for module in _learner_modules(places):
            for word, value in list(vars(module).items()):
                if value is new:
                    vars(module)[word] = original


def _learner_modules(places: Places) -> list[Any]:
    found = []
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and places.kind(file) == "learner":
            found.append(module)
    return found


class _Spoken:
    """A printed value: its text is made once, by print itself, and kept."""

    def __init__(self, value: Any) -> None:
        self.value, self.text = value, ""

    def __str__(self) -> str:
        self.text = str(self.value)
        return self.text


class Libraries:
    """The witness of data: tables, splits, vocabularies, loaders, batches, and printed text."""

    def __init__(self, recorder: Recorder, describer: Describer) -> None:
        self.recorder, self.describer = recorder, describer
        self._depth = 0
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> Libraries:
        undo = self._undo
        undo.enter_context(replaced(builtins, "print", self._print(builtins.print)))
        self._watch_torchtext(undo)
        self._watch_torch_loader(undo)
        return self

    def __exit__(self, *error: Any) -> None:
        self._undo.close()

    def _print(self, original: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(original)
        def watched(*values: Any, **options: Any) -> None:
            frame = here()
            if self.recorder.quiet or self.recorder.places.kind(frame.f_code.co_filename) != "learner":
                original(*values, **options)
            else:
                spoken = [_Spoken(value) for value in values]
                original(*spoken, **options)
                with self.recorder.guarded():
                    separator = options.get("sep")
                    text = (" " if separator is None else separator).join(one.text for one in spoken)
                    self.recorder.tell_folded(Said(place=self.recorder.places.place(frame), text=text[:2000]), text)

        return watched

    # --- torchtext ----------------------------------------------------------------------------------------------

    def _watch_torchtext(self, undo: contextlib.ExitStack) -> None:
        try:
            from torchtext import data
        except ImportError:
            return
        for owner, name in (
            (data.TabularDataset, "__init__"),
            (data.Dataset, "__init__"),
            (data.Dataset, "split"),
            (data.Field, "build_vocab"),
            (data.Iterator, "__init__"),
        ):
            undo.enter_context(replaced(owner, name, self._made(vars(owner)[name])))
        for owner in (data.TabularDataset, data.Dataset, data.Iterator):
            if "splits" in vars(owner):
                watched = classmethod(self._made(vars(owner)["splits"].__func__))
                undo.enter_context(replaced(owner, "splits", watched))
        undo.enter_context(replaced(data.Iterator, "__iter__", self._batches(vars(data.Iterator)["__iter__"])))
        undo.enter_context(replaced(data.Field, "preprocess", self._preprocess(vars(data.Field)["preprocess"])))

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
                    self._tell_made(original.__name__, first, args, result, frame)
            return result

        return watched

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
            turns = recorder.begin_loop(place, over, len(loader))
        if turns is None:
            yield from batches
            return
        try:
            for batch in batches:
                with recorder.guarded():
                    turns.executed += 1
                    self.describer.tell_batch(batch, over, place, turns)
                yield batch
        finally:
            recorder.end_loop(turns)

    # --- torch's own loader -------------------------------------------------------------------------------------

    def _watch_torch_loader(self, undo: contextlib.ExitStack) -> None:
        if "torch" not in sys.modules:
            return
        from torch.utils.data import DataLoader

        undo.enter_context(replaced(DataLoader, "__iter__", self._batches(vars(DataLoader)["__iter__"])))
