"""Finds by trying how a model is called: its arguments, the order of the text's axes, and the sizes it insists on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from rnnlab.probing.copies import copied, in_silence
from rnnlab.probing.experiments.form import BATCH_FIRST, TIME_FIRST, Argument, Form
from rnnlab.probing.experiments.naming_arguments import ways
from rnnlab.probing.experiments.reach import layers_of
from rnnlab.probing.experiments.subject import answers_in, said, seed_all
from rnnlab.probing.experiments.texts import Maker, first_rnn, start, starting_methods, texts

_MOST_RUNS = 160
# The (batch, seq_len) that are tried first; one of the two is then raised by two.
_FIRST = (3, 7)
# Where a model takes one axis for the other, it may only run with more texts than steps.
_OTHER = (9, 5)


class NoForm(Exception):  # noqa: N818  # it is no error of ours
    """A model ran in none of the ways that were tried; the message is the most telling error."""


@dataclass
class Trial:
    """One way of calling, and the shapes of all floating tensors that came back for each (batch, seq_len)."""

    form: Form
    shapes: dict[tuple[int, int], list[list[int]]] = field(default_factory=dict)
    by_layers: str = "?"


@dataclass
class Search:
    """What was tried so far."""

    model: nn.Module
    sizes: Sequence[int] = ()
    runs: int = 0
    errors: list[str] = field(default_factory=list)
    base: tuple[int, int] = _FIRST


@dataclass(frozen=True)
class Found:
    """The form that was found, and why: the order of axes `by_output` and `by_layers`, how often the model was run.

    `takes_one_text` says that it also runs on a single text without an axis of the batch.
    """

    form: Form
    by_output: str
    by_layers: str
    runs: int
    takes_one_text: bool = False


def find_form(model: nn.Module, sizes: Sequence[int] = ()) -> Found:
    """Try a model until it runs, and return how.

    Args:
        model: it is copied for each run.
        sizes: numbers that the program names (a batch size, a greatest length), for models that insist on one.

    Raises:
        NoForm: it never ran.
    """
    search = Search(model, sizes)
    found = _searched(search) or _searched(_with_other_sizes(search))
    if found is None:
        raise NoForm(_most_telling(search.errors))
    form = replace(found.form, axes=("seq_len",), batch=None)
    alone = found.form.axes == ("seq_len",) or _run(search, Trial(form), 1, form.seq_len or _FIRST[1]) is None
    return replace(found, takes_one_text=alone, runs=search.runs)


def _with_other_sizes(search: Search) -> Search:
    """Return the search with the other sizes."""
    return replace(search, base=_OTHER, runs=0)


def _searched(search: Search) -> Found | None:
    """Try every kind, way and order of axes until one fits well, else take the best."""
    best: tuple[int, Found] | None = None
    for kind in _kinds(search.model):
        for way in ways(search.model):
            for axes in (BATCH_FIRST, TIME_FIRST, ("seq_len",)):
                trial = _settled(search, Form(way, axes, **kind))
                if trial is None:
                    continue
                score, found = _judged(trial, search)
                if best is None or score > best[0]:
                    best = (score, found)
                if score >= 6:
                    return found
            if (best is not None and best[0] >= 3) or search.runs > _MOST_RUNS:
                break
        if best is not None or search.runs > _MOST_RUNS:
            break
    return best[1] if best is not None else None


def _kinds(model: nn.Module) -> Iterator[dict[str, Any]]:
    """Yield what the text may consist of: ids where the model looks vectors up, else features as its first layer reads."""
    tables = [m for m in model.modules() if isinstance(m, nn.Embedding)]
    rnn = first_rnn(model)
    width = getattr(rnn, "input_size", 8)
    if tables:
        text = tables[0]
        pads = [t.padding_idx for t in tables if t.padding_idx is not None]
        pad: dict[str, Any] = {"pad": pads[0], "pad_from": "padding_idx"} if pads else {"pad": _guessed_pad(model)}
        yield {"kind": "ids", "width": min(t.weight.shape[0] for t in tables), **pad}
        yield {"kind": "features", "width": text.embedding_dim, "pad_from": "zeros"}
        return
    yield {"kind": "features", "width": width, "pad_from": "zeros"}
    yield {"kind": "ids", "width": width}
    for linear in (m for m in model.modules() if isinstance(m, nn.Linear | nn.Conv1d)):
        first = linear.in_features if isinstance(linear, nn.Linear) else linear.in_channels
        yield {"kind": "features", "width": first, "pad_from": "zeros"}
        break


def _guessed_pad(model: nn.Module) -> int:
    """Return the pad's index as the model itself names it, 0 where it does not."""
    for name, value in vars(model).items():
        if "pad" in name.lower() and type(value) is int and value >= 0:
            return value
    return 0


# --- one way of calling --------------------------------------------------------------------------------------------


def _settled(search: Search, form: Form) -> Trial | None:
    """Run a form until it works, learning from each error; None where it does not."""
    for _ in range(6):
        batch, seq_len = form.batch or search.base[0], form.seq_len or search.base[1]
        batch = 1 if form.axes == ("seq_len",) else batch
        trial = Trial(form)
        error = _run(search, trial, batch, seq_len)
        if error is None:
            _vary(search, trial)
            return trial
        taught = _taught(form, error, batch, seq_len, search)
        if taught is None or taught == form:
            return None
        form = taught
    return None


def _vary(search: Search, trial: Trial) -> None:
    """Run a working form in two more sizes; a size that the model refuses is one that it insists on."""
    form = trial.form
    if form.axes == ("seq_len",):
        _run(search, trial, 1, search.base[1] + 2)
        return
    batch, seq_len = form.batch or search.base[0], form.seq_len or search.base[1]
    if form.seq_len is None and _run(search, trial, batch, search.base[1] + 2) is not None:
        form = replace(form, seq_len=seq_len)
    if form.batch is None and _run(search, trial, search.base[0] + 2, seq_len) is not None:
        form = replace(form, batch=batch)
    trial.form = form


def _run(search: Search, trial: Trial, batch: int, seq_len: int) -> Exception | None:
    """Run a copy once; note the shapes of what it gives, or return the error."""
    search.runs += 1
    form = trial.form
    lengths = [max(1, seq_len - n) for n in (1, 0, 2, 1, 3)]
    lengths = [lengths[i % 5] for i in range(batch)]
    if form.sorted_lengths:
        lengths.sort(reverse=True)
    if form.axes == ("seq_len",):
        lengths = [seq_len]
    try:
        with in_silence(), torch.no_grad():
            model = copied(search.model, share=True)
            seed_all(0)
            start(model, form, batch)
            given, named = Maker(model, form, texts(form, lengths), seq_len).arguments()
            with layers_of() as layers:
                result = model(*given, **named)
    except Exception as error:
        search.errors.append(said(error))
        return error
    answers = answers_in(result)
    if not answers:
        search.errors.append("TypeError: the forward returned no tensor of floating numbers")
        return TypeError("no tensor")
    trial.shapes[batch, seq_len] = [list(answer.shape) for answer in answers]
    if layers and batch != seq_len and layers[0] in (batch, seq_len) and form.axes != ("seq_len",):
        trial.by_layers = " ".join(form.axes if layers[0] == batch else form.axes[::-1])
    return None


def _taught(form: Form, error: Exception, batch: int, seq_len: int, search: Search) -> Form | None:
    """Return the form with what an error teaches; None where it teaches nothing."""
    message = str(error)
    if "sorted in decreasing order" in message and not form.sorted_lengths:
        return replace(form, sorted_lengths=True)
    if "index out of range" in message and form.width > 4:
        return replace(form, width=max(4, form.width // 2))
    methods = starting_methods(search.model)
    if methods and not form.before and ("None" in message or "no attribute" in message or "hx" in message):
        return replace(form, before=methods[0])
    if form.axes == ("seq_len",):
        return None
    if form.seq_len is None and (length := _wanted_length(message, batch, seq_len)):
        return replace(form, seq_len=length)
    if form.batch is None and (number := _wanted_batch(message, batch, seq_len, search)):
        return replace(form, batch=number)
    return None


_NUMBERS = re.compile(r"\d+")


def _wanted_length(message: str, batch: int, seq_len: int) -> int | None:
    """A head over all steps at once tells how many steps it was made for: `(3x35 and 500x2)`, with 7 steps of 5."""
    match = re.search(r"\((\d+)x(\d+) and (\d+)x(\d+)\)", message)
    if match is None:
        return None
    rows, have, want = int(match[1]), int(match[2]), int(match[3])
    if rows != batch or have % seq_len or want % (have // seq_len):
        return None
    length = want // (have // seq_len)
    return length if 1 <= length <= 1024 and length != seq_len else None


def _wanted_batch(message: str, batch: int, seq_len: int, search: Search) -> int | None:
    """Return the batch size that an error speaks of: `Expected hidden size (1, 3, 5), got [1, 64, 5]`."""
    known = [n for n in search.sizes if n not in (batch, seq_len)]
    own = [v for k, v in vars(search.model).items() if "batch" in k.lower() and type(v) is int and 0 < v != batch]
    match = re.search(
        r"[Ee]xpected hidden(?:\[\d\])? size \((\d+), (\d+), (\d+)\), got \[(\d+), (\d+), (\d+)\]", message
    )
    if match and match[2] != match[5]:
        return int(match[5])
    if own and any(word in message for word in ("size", "shape", "view")):
        return own[0]
    spoken = {int(n) for n in _NUMBERS.findall(message)}
    return next((n for n in known if n in spoken and 1 < n <= 512), None)


def _most_telling(errors: Sequence[str]) -> str:
    """Return the first error: the likeliest way of calling was tried first."""
    return errors[0] if errors else "nothing could be tried"


# --- what came back ------------------------------------------------------------------------------------------------


def _judged(trial: Trial, search: Search) -> tuple[int, Found]:
    """Return how well a trial fits, and the form that it shows: the answer that moves with the batch alone fits best."""
    best: tuple[int, tuple[str, ...], int] = (-1, (), 0)
    count = min(len(shapes) for shapes in trial.shapes.values())
    for position in range(count):
        names = _named(trial, position)
        points = _points(trial.form, names) - position if names is not None else -1
        if names is not None and points > best[0]:
            best = (points, names, position)
    score, names, position = best
    if score < 0:
        sizes = next(iter(trial.shapes.values()))[0]
        names, score = tuple(str(n) for n in sizes), 0
    by_output = " ".join(trial.form.axes) if names and "batch" in names and "seq_len" not in names else "?"
    form = replace(trial.form, output=names, result=position)
    agrees = by_output != "?" and trial.by_layers in ("?", by_output)
    found = Found(form, by_output, trial.by_layers, search.runs)
    return score + (2 if agrees else 0) + (1 if trial.by_layers == " ".join(form.axes) else 0), found


def _points(form: Form, names: tuple[str, ...]) -> int:
    if form.axes == ("seq_len",):
        return 2 if "seq_len" not in names else 1
    if "batch" not in names:
        return 1 if "seq_len*batch" in names else 0
    if "seq_len" in names:
        return 3
    return 5 if names.index("batch") == 0 and len(names) <= 2 else 4


def _named(trial: Trial, position: int) -> tuple[str, ...] | None:
    """Name the axes of one of the tensors that came back, by what they move with; None where that is no function."""
    shapes = {size: found[position] for size, found in trial.shapes.items()}
    if len({len(shape) for shape in shapes.values()}) != 1:
        return None
    names = []
    for dim in range(len(next(iter(shapes.values())))):
        points = [(batch, seq_len, shape[dim]) for (batch, seq_len), shape in shapes.items()]
        name = _moving(points, trial.form)
        if name is None:
            return None
        names.append(name)
    if names.count("batch") > 1:
        return None
    return tuple(names)


def _moving(points: Sequence[tuple[int, int, int]], form: Form) -> str | None:
    """Return what one size moves with over the runs."""
    sizes = {size for _, _, size in points}
    if len(points) > 1 and len(sizes) > 1:
        for name, moves in (("batch", 0), ("seq_len", 1)):
            if all(point[moves] == point[2] for point in points):
                return name
        return "seq_len*batch" if all(b * t == n for b, t, n in points) else None
    size = points[0][2]
    if form.batch is not None and size == form.batch and form.axes != ("seq_len",):
        return "batch"
    if form.seq_len is not None and size == form.seq_len:
        return "seq_len"
    return str(size)


def arguments_told(arguments: Sequence[Argument]) -> list[dict[str, Any]]:
    """Return the arguments as plain data."""
    return [
        {"name": a.name, "role": a.role, **({"keys": dict(a.keys)} if a.keys else {}), "shape": a.shape}
        for a in arguments
    ]
