"""Experiments on a model: each takes a subject (a model and how it is called) and yields facts with their numbers.

What a number means is decided by rules; here nothing is judged. Every experiment runs fresh copies in eval mode, in silence,
with every random state put back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from torch import nn

from rnnlab.facts import Gap, Place, Probe
from rnnlab.probing.experiments.neighbours import alone, neighbours, permutation
from rnnlab.probing.experiments.order import order, repetition
from rnnlab.probing.experiments.output_range import output_range
from rnnlab.probing.experiments.padding import padding
from rnnlab.probing.experiments.parameters import parameters
from rnnlab.probing.experiments.reach import reach
from rnnlab.probing.experiments.signature import Found, NoForm, arguments_told, find_form
from rnnlab.probing.experiments.sizes import batch_sizes, sequence_of_one
from rnnlab.probing.experiments.state import state
from rnnlab.probing.experiments.subject import Subject, said
from rnnlab.probing.experiments.telling import told

Experiment = Callable[[Subject], Iterator[Probe | Gap]]
EXPERIMENTS: tuple[Experiment, ...] = (
    padding, neighbours, alone, batch_sizes, sequence_of_one, permutation, order, repetition, output_range, parameters, state,
    reach,
)  # fmt: skip


def probe_model(
    model: nn.Module, *, place: Place | None = None, files: Sequence[str] = (), seed: int = 0, sizes: Sequence[int] = ()
) -> list[Probe | Gap]:
    """Find out how a model is called and run every experiment on it.

    Args:
        model: it is not touched: copies are run.
        place: where its class stands; facts carry it.
        files: file names of its code, so that facts can name a line of it.
        sizes: numbers that the program names, for a model that insists on a batch size.

    Returns:
        The fact `signature` first; a `Gap` for what could not be tried.
    """
    try:
        found = find_form(model, sizes)
    except NoForm as error:
        return [Gap(seen_by="probe", place=place, what=f"forward of {type(model).__name__}", why=str(error))]
    subject = Subject(model, found.form, place=place, files=files, seed=seed)
    facts: list[Probe | Gap] = [_signature(subject, found)]
    for experiment in EXPERIMENTS:
        facts.extend(_careful(experiment, subject))
    return facts


_ROW_BY_ROW = {padding, neighbours, alone, permutation}


def _careful(experiment: Experiment, subject: Subject) -> Iterator[Probe | Gap]:
    """Run one experiment; what the model raises in it is a gap of this experiment alone."""
    if experiment in _ROW_BY_ROW and subject.form.batch_axis is None and subject.form.axes != ("seq_len",):
        why = f"no axis of its answer {subject.form.output} moves with the batch"
        yield Gap(seen_by="probe", place=subject.place, what=experiment.__name__, why=why)
        return
    try:
        yield from experiment(subject)
    except Exception as error:
        name = experiment.__name__.replace("_", " ")
        yield Gap(seen_by="probe", place=subject.place, what=name, why=said(error))


def _signature(subject: Subject, found: Found) -> Probe:
    """Return the fact `signature`: how the model is called, and why that is believed.

    Seen: `arguments`; `axes` of the text; `by_output` and `by_layers`, the order of the axes by what the answer moves with,
    and by what the first recurrent layer takes for the batch (`?` where that says nothing); `takes_one_text`, whether it also
    runs on a text without any axis of the batch; `kind`, `width`, `pad`, `pad_from`; `batch` and `seq_len`, the only sizes
    that the model takes, or None; `sorted_lengths`; `before`, a method that is called before each forward, or "";
    `output`, the axes of the answer, constants as numbers.
    """
    form = found.form
    seen = {
        "arguments": arguments_told(form.arguments),
        "axes": " ".join(form.axes),
        "by_output": found.by_output,
        "by_layers": found.by_layers,
        "takes_one_text": found.takes_one_text,
        "kind": form.kind,
        "width": form.width,
        "pad": form.pad,
        "pad_from": form.pad_from,
        "batch": form.batch,
        "seq_len": form.seq_len,
        "sorted_lengths": form.sorted_lengths,
        "before": form.before,
        "output": list(form.output),
    }
    return told(subject, "signature", {"runs": found.runs}, seen)
