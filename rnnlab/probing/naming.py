"""Axis names by probing: run the model on tiny batches whose sizes differ, and see what each axis moves with.

The idea of probing a program with prime sizes is torchtyc's, which names axes that were annotated; here real tiny tensors
take the place of annotations, and the differences between runs that of factoring. What moves with neither axis of the
input (emb, hid, classes) cannot be named this way: these names are born at the layers and move with the symbols of
`rnnlab.axes`. Probing also holds the names that moved there against what the sizes say.
"""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from torch import nn

from rnnlab.axes import Symbol
from rnnlab.facts import Axis, Call, Fact, Gap, GroupNote, Named, Note, PackedNote, Place, Scope, TensorNote, tensors
from rnnlab.operations import operation_of
from rnnlab.probing.copies import Remembered, copied, in_silence
from rnnlab.probing.inputs import Inputs
from rnnlab.probing.reshaping import Reshaped, reshaped
from rnnlab.probing.sizes import LONGEST, Fit, Setting, factors, fit, moves_as
from rnnlab.record import Record
from rnnlab.watching.calls import Calls
from rnnlab.watching.measuring import tensors_in
from rnnlab.watching.recorder import Recorder

_FIRST = ((13, 7), (17, 7), (13, 11))
_MORE = ((18, 7), (19, 11), (20, 10))  # every remainder of strides up to four
_LONGER = 46  # added where the model needs longer texts than these


class Tensor(NamedTuple):
    """The axes of one tensor in one row: what stands for their names, and their sizes."""

    symbols: tuple[Any, ...]
    sizes: tuple[int, ...]


class Row(NamedTuple):
    """One fact of a run: what makes it the same row in another run, and its tensors."""

    n: int
    key: Any
    tensors: list[Tensor]
    inputs: int
    skipped: int = 0

    def made_only(self) -> Row:
        """Return the row without what went in: a list of tensors that are stacked is as long as the loop that made it."""
        return self._replace(tensors=self.tensors[self.inputs :], inputs=0, skipped=self.inputs)


class Where(NamedTuple):
    """One axis in one row, and its sizes under every setting."""

    row: int
    tensor: int
    axis: int
    sizes: tuple[int, ...]


class Probing:
    """Names the axes of a model's record.

    Args:
        model: it is remembered as it is now, before it runs: what the learner's run leaves in it must not reach the probes.
    """

    def __init__(self, model: nn.Module) -> None:
        # It is copied only where a probe is needed: most models' axes have their names already.
        self._model = Remembered(model)

    def name(self, recorder: Recorder, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        """Name what can be named of the axes that wait in a recorder, and take back names that prove wrong.

        Reasons why it cannot be done are told as a `Gap`.
        """
        if not _is_needed(recorder):
            return
        try:
            model = self._model.copied()
        except Exception as error:
            why = f"the model cannot be copied ({_said(error)}), so it was not run on other sizes"
            recorder.tell(Gap(seen_by="probe", what="probing", why=why))
            return
        inputs = Inputs(
            args, kwargs, lambda tensor: tuple(s.name for s in recorder.symbols(tensor)), _parameters(model)
        )
        if inputs.clash:
            recorder.tell(Gap(seen_by="probe", what="probing", why=f"{inputs.clash}: sizes were not varied"))
            return
        runs = Runs(model, recorder)
        found = inputs if inputs.sizes else self._found(model, inputs, recorder)
        if found is None:
            return
        runs.vary(found)
        if runs.trouble:
            recorder.tell(Gap(seen_by="probe", what="probing", why=runs.trouble))
        if len(runs.settings) > 1:
            Naming(recorder, runs).name()

    def _found(self, model: nn.Module, inputs: Inputs, recorder: Recorder) -> Inputs | None:
        """Find which axis of unnamed ids is the batch: the one that the first axis of the model's result moves with."""
        unnamed = inputs.called("axis 0", "axis 1")
        if unnamed is None:
            return None
        runs = Runs(model, recorder)
        runs.vary(unnamed)
        found = fit([sizes[0] for sizes in runs.results], runs.settings) if all(runs.results) else Fit()
        if runs.trouble or len(runs.settings) < 2 or found.name not in {"axis 0", "axis 1"}:
            return None
        return inputs.called("batch", "seq_len") if found.name == "axis 0" else inputs.called("seq_len", "batch")


# Families whose names are certain as they pass through: each axis that comes out is one that went in, or a width.
_CERTAIN = {
    *("embedding", "recurrent", "cell", "linear", "keep", "same", "squeeze", "unsqueeze", "index", "select", "permute"),
    *(
        "transpose",
        "t",
        "reduce",
        "cat",
        "stack",
        "matmul",
        "loss",
        "loss of each",
        "pack",
        "unpack",
        "nothing",
        "born",
    ),
}


def _is_needed(recorder: Recorder) -> bool:
    """Say whether a probe can tell anything: an axis has no name, one name has two sizes, or axes may have moved unseen."""
    sizes: dict[str, int | None] = {}
    widths: set[int] = set()  # of linear layers: no probe moves them
    for fact in recorder.waiting:
        if isinstance(fact, Call):
            if operation_of(fact.what).family not in _CERTAIN:
                return True
            if fact.what == "linear" and isinstance(fact.output, TensorNote) and fact.output.axes:
                widths.add(id(fact.output.axes[-1]))
            for note in (*(item.note for item in fact.inputs), *([fact.output] if fact.output is not None else ())):
                for tensor in tensors(note):
                    for axis, size in zip(tensor.axes, tensor.shape or (), strict=False):
                        if id(axis) in widths:
                            continue
                        if axis.name == "?" or sizes.setdefault(axis.name, size) != size:
                            return True
    return False


class Runs:
    """Runs of a model's copy under several settings, the learner's own first."""

    def __init__(self, model: nn.Module, recorder: Recorder) -> None:
        self._model, self._recorder = model, recorder
        self.settings: list[Setting] = []
        self.rows: list[list[Row]] = []
        self.results: list[tuple[int, ...]] = []
        self.trouble = ""
        self._inputs: Inputs | None = None
        self._vary: Callable[[int, int], dict[str, int]] = lambda seq_len, batch: {}

    def vary(self, inputs: Inputs) -> None:
        """Run under the first three settings that the model takes: all sizes varied, longer texts, or one size alone."""
        own = inputs.sizes
        ways: list[tuple[str, Callable[[int, int], dict[str, int]]]] = [
            ("", lambda seq_len, batch: _sized(own, seq_len, batch)),
            ("", lambda seq_len, batch: _sized(own, seq_len + _LONGER, batch)),
            ("seq_len", lambda seq_len, batch: {n: _sized(own, 0, batch)[n] if n == "batch" else own[n] for n in own}),
            ("batch", lambda seq_len, batch: _sized(own, seq_len, own.get("batch", 0))),
        ]
        refused = ""
        for given in (inputs, inputs.guessing()):
            for kept, sizes in ways:
                if kept and (kept not in own or len(own) < 2):
                    continue
                error = self._try(given, sizes)
                if error is None:
                    self.trouble = _refusal(kept, own, refused) if kept else ""
                    return
                refused = refused or error
        self.trouble = _refusal("", own, refused)

    def _try(self, inputs: Inputs, sizes: Callable[[int, int], dict[str, int]]) -> str | None:
        """Run the first settings; return None, or what the model said when it raised."""
        own = [self._rows(self._recorder.waiting)]
        self.settings, self.rows, self.results = [inputs.setting()], own, [self._own_result()]
        self._inputs, self._vary = inputs, sizes
        try:
            for pair in _FIRST:
                self._run(sizes(*pair))
        except Exception as error:
            self.settings = self.settings[:1]
            return _said(error)
        return None

    def more(self) -> bool:
        """Run three more settings, for sizes that move in steps; say whether the model took them."""
        try:
            for pair in _MORE:
                self._run(self._vary(*pair))
        except Exception:
            count = min(len(self.settings), len(self.rows))
            del self.settings[count:], self.rows[count:]
            return False
        return True

    def _run(self, sizes: dict[str, int]) -> None:
        assert self._inputs is not None
        args, kwargs, setting = self._inputs.made(sizes)
        recorder = Recorder(Record(), self._recorder.places)
        recorder.hold()
        import torch

        model = copied(self._model, share=True)
        with in_silence(), torch.no_grad(), Calls(recorder):
            result = model(*args, **kwargs)
        made = tensors_in((result,))
        self.settings.append(setting)
        self.rows.append(self._rows(recorder.waiting))
        self.results.append(tuple(made[0].shape) if made else ())

    def _own_result(self) -> tuple[int, ...]:
        outs = [f for f in self._recorder.waiting if isinstance(f, Scope | Call) and f.output is not None]
        tensors = _tensors_of(outs[-1].output) if outs else []
        return tensors[0].sizes if tensors else ()

    @staticmethod
    def _rows(facts: Sequence[Fact]) -> list[Row]:
        rows: list[Row] = []
        for fact in facts:
            if isinstance(fact, Call | Scope):
                key = fact.what if isinstance(fact, Call) else (fact.function, fact.phase)
                inputs = [axes for item in fact.inputs for axes in _tensors_of(item.note)]
                rows.append(Row(fact.n, (fact.place, key), inputs + _tensors_of(fact.output), len(inputs)))
        return rows

    def matched(self) -> list[list[Row] | None]:
        """Return for each row of the learner's run the same row of every run, or None where they do not correspond."""
        grouped: list[dict[Any, list[Row]]] = []
        for rows in self.rows:
            groups: dict[Any, list[Row]] = defaultdict(list)
            for row in rows:
                groups[row.key].append(row)
            grouped.append(groups)
        found: dict[int, list[Row]] = {}
        for key, own in grouped[0].items():
            others = [groups.get(key, []) for groups in grouped]
            if len({len(group) for group in others}) > 1:
                # A loop over an axis: its turns correspond where all turns of a run are alike.
                if not all(group and len({_shapes(row) for row in group}) == 1 for group in others):
                    continue
                others = [group[:1] * len(own) for group in others[1:]]
                others.insert(0, own)
            for same in zip(*others, strict=True):
                if len({_ranks(row.tensors) for row in same}) > 1:
                    same = [row.made_only() for row in same]
                if len({_ranks(row.tensors) for row in same}) == 1:
                    found[same[0].n] = list(same)
        return [found.get(row.n) for row in self.rows[0]]


class Naming:
    """Decides what each axis of the learner's run is called, from what it moved with in all runs."""

    def __init__(self, recorder: Recorder, runs: Runs) -> None:
        self.recorder, self.runs = recorder, runs
        self._seen: dict[int, tuple[Symbol, list[Where]]] = {}
        # What an axis is called in one row instead of by its symbol: by row, then by tensor and axis; "" is no name.
        self._instead: dict[int, dict[tuple[int, int], str]] = defaultdict(dict)
        self._merged: dict[tuple[int, tuple[int, ...]], str] = {}
        self._ordered: set[int] = set()

    def name(self) -> None:
        """Settle the symbols, take back the names that prove wrong, and name what a view has merged or split."""
        self._see()
        if self._moves_in_steps() and self.runs.more():
            self._see()
        for symbol, places in self._seen.values():
            found = fit(places[0].sizes, self.runs.settings)
            if found.known and (symbol.name == "?" or self._is_more_exact(symbol, found, places[0])):
                symbol.name, symbol.source = found.name, "probed"
        self._follow_views()
        for symbol, places in self._seen.values():
            self._verify(symbol, places)
        self._take_back()

    def _see(self) -> None:
        self._seen.clear()
        for same in self.runs.matched():
            if same is None:
                continue
            for j, axes in enumerate(same[0].tensors):
                for k, symbol in enumerate(axes.symbols):
                    sizes = tuple(row.tensors[j].sizes[k] for row in same)
                    if isinstance(symbol, Symbol):
                        self._seen.setdefault(id(symbol), (symbol, []))[1].append(
                            Where(same[0].n, j + same[0].skipped, k, sizes)
                        )

    def _moves_in_steps(self) -> bool:
        return any(
            fit(places[0].sizes, self.runs.settings) == Fit() and not self._agrees(symbol, places[0])
            for symbol, places in self._seen.values()
        )

    def _agrees(self, symbol: Symbol, place: Where) -> bool:
        return symbol.name != "?" and moves_as(symbol.name, place.sizes, self.runs.settings)

    def _verify(self, symbol: Symbol, places: list[Where]) -> None:
        if symbol.name == "?" or not (symbol.whole or symbol.source == "probed"):
            return  # a slice is named after the axis that it is a part of
        for place in places:
            if not self._agrees(symbol, place):
                found = fit(place.sizes, self.runs.settings)
                exact = found.known and place != places[0] and self._is_more_exact(symbol, found, place)
                name = self._merged.get((id(symbol), place.sizes)) or found.name
                self._instead[place.row][place.tensor, place.axis] = name if exact else ""

    def _is_more_exact(self, symbol: Symbol, found: Fit, place: Where) -> bool:
        """A slice of seq_len is `seq_len-1`, an RNN may read `(seq_len-2)//2` steps of `2*batch` texts: it knows no better.

        Nor does it know what the learner calls these axes.
        """
        if not symbol.whole:
            return True
        if self._agrees(symbol, place) or (
            symbol.source == "declared" and place.row == self._seen[id(symbol)][1][0].row
        ):
            return False
        known, new = (
            set(re.findall(r"[A-Za-z_]\w*", name.replace(LONGEST, "seq_len"))) for name in (symbol.name, found.name)
        )
        stranger = symbol.name in {"seq_len", "batch"} and symbol.name not in self.runs.settings[0]
        return known <= new or stranger

    def _follow_views(self) -> None:
        """A view that reads the numbers in another order has axes of the right sizes and the wrong content."""
        for same in self.runs.matched():
            fact = self.recorder.fact(same[0].n) if same is not None else None
            if same is None or not isinstance(fact, Call) or len(same[0].tensors) < 2:
                continue
            if operation_of(fact.what).family != "view":
                continue
            before, after = same[0].tensors[0], same[0].tensors[-1]
            pairs = [(row.tensors[0].sizes, row.tensors[-1].sizes) for row in same[1:]]
            # A product that a size was fitted to says nothing of the order of its factors: it is not taken apart.
            loose = [symbol.source == "probed" and id(symbol) not in self._ordered for symbol in before.symbols]
            names = [
                f"({symbol.name})" if is_loose and len(factors(symbol.name)) > 1 else symbol.name
                for symbol, is_loose in zip(before.symbols, loose, strict=True)
            ]
            for k, known in enumerate(reshaped(names, pairs, self.runs.settings[1:])):
                symbol = after.symbols[k]
                if any(symbol is other for other in before.symbols):
                    # Next to an axis of size 1 an axis comes out as itself, where it would be merged under other sizes.
                    sizes = tuple(row.tensors[-1].sizes[k] for row in same)
                    self._merged[id(symbol), sizes] = known.name
                elif isinstance(symbol, Symbol) and symbol.source in {"probed", "unknown"}:
                    ordered = all(name == symbol.name for name, symbol in zip(names, before.symbols, strict=True))
                    self._rename(symbol, known, fact if ordered else None)

    def _rename(self, symbol: Symbol, known: Reshaped, fact: Call | None) -> None:
        """Name what comes out of a view; where it is no axis that went in, `fact` is the row to tell of."""
        if known.name:
            symbol.name, symbol.source = known.name, "probed"
            self._ordered.add(id(symbol))
        elif symbol.name != "?" and not known.is_axis:
            if fact is not None:
                self._tell(
                    fact.place,
                    f"this view reads the numbers in another order: an axis of the size of {symbol.name} "
                    f"comes out, but not that axis. permute or transpose moves axes",
                )
            symbol.name, symbol.source = "?", "unknown"

    def _take_back(self) -> None:
        for n, names in self._instead.items():
            fact: Any = self.recorder.fact(n)
            self.recorder.amend(_renamed(fact, names))
        nameless = {n: [at for at, name in names.items() if not name] for n, names in self._instead.items()}
        if any(nameless.values()):
            first = min(n for n, places in nameless.items() if places)
            row = next(row for row in self.runs.rows[0] if row.n == first)
            names = sorted({getattr(row.tensors[j].symbols[k], "name", "?") for j, k in nameless[first]})
            self._tell(
                getattr(self.recorder.fact(first), "place", None),
                f"with other sizes of the input an axis of this row does not move as its name ({', '.join(names)}) says: "
                "from here on it is shown without a name",
            )

    def _tell(self, place: Place | None, why: str) -> None:
        self.recorder.tell(Gap(place=place, seen_by="probe", what="probing", why=why))


def _sized(own: dict[str, int], seq_len: int, batch: int) -> dict[str, int]:
    """Give every varied axis a size: the batch its own, all others lengths that differ from each other."""
    others = [name for name in own if name not in {"batch", "axis 1"}]
    return {name: batch if name not in others else seq_len + 3 * others.index(name) for name in own}


def _refusal(kept: str, own: dict[str, int], said: str) -> str:
    """Say in words what the model did not take."""
    sizes = ", ".join(f"{name}={size}" for name, size in own.items())
    if kept:
        return f"with another size of {kept} than {own[kept]} the model raised {said}: is that size built in?"
    return f"on other sizes than {sizes} the model raised {said}: are these sizes built in?"


def _said(error: BaseException) -> str:
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first[:200]}" if first else type(error).__name__


def _parameters(model: nn.Module) -> list[str]:
    try:
        return list(inspect.signature(model.forward).parameters)
    except (TypeError, ValueError):
        return []


def _tensors_of(note: Note | None) -> list[Tensor]:
    if isinstance(note, TensorNote):
        return [Tensor(tuple(note.axes), tuple(size or 0 for size in note.shape or ()))]
    if isinstance(note, PackedNote):
        return [Tensor(tuple(note.axes), (note.tokens or 0, *(size or 0 for size in note.features)))]
    if isinstance(note, GroupNote):
        return [axes for item in note.items for axes in _tensors_of(item.note)]
    return []


def _ranks(tensors: list[Tensor]) -> tuple[int, ...]:
    return tuple(len(axes.sizes) for axes in tensors)


def _shapes(row: Row) -> tuple[tuple[int, ...], ...]:
    return tuple(tensor.sizes for tensor in row.tensors)


def _renamed(fact: Any, names: dict[tuple[int, int], str]) -> Any:
    """Return a fact in which some axes, counted as (tensor, axis) in order, have other names, or none."""
    new = {at: Axis(name, "probed") if name else Axis() for at, name in names.items()}
    counter = iter(range(10_000))

    def bare(note: Note | None) -> Note | None:
        if isinstance(note, GroupNote):
            return msgspec.structs.replace(note, items=tuple(Named(i.name, bare(i.note)) for i in note.items))  # type: ignore[arg-type]
        if not isinstance(note, TensorNote | PackedNote):
            return note
        j = next(counter)
        axes: Any = tuple(new.get((j, k), axis) for k, axis in enumerate(note.axes))
        return msgspec.structs.replace(note, axes=axes)

    inputs = tuple(Named(item.name, bare(item.note)) for item in fact.inputs)  # type: ignore[arg-type]
    return msgspec.structs.replace(fact, inputs=inputs, output=bare(fact.output))
