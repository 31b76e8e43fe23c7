"""Measures `rnnlab train` against the lecture's own loops, against the limit of the model alone, and its evaluation.

Run it with `python tests/benchmarks/train.py --csv FILE [--device cuda]`. Both sides train on the same reviews, batches taken
evenly from the shortest to the longest of an epoch, and start from the same weights, which have seen a few batches: the first
steps of a fresh LSTM fall into denormal floats on a CPU, and would flatter us. Each line alternates its sides (ours, theirs,
ours, ours, theirs, ours, ...), each in a process of its own, and gives the median of the paired ratios and a control: ours
against ours. A control off by more than 5 % makes the line noise. On a busy machine `--clock cpu --threads 1` counts the
processor's time of each side instead of the wall's. `--growth` adds the tables against the number of reviews and against
their length. The lecture's packed loop is slow on a CPU: three rounds of four batches take ten minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import multiprocessing
import os
import platform
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence
from torchtext import data
from torchtext.vocab import Vocab

from rnnlab.training.batches import Batches
from rnnlab.training.distributed import Processes
from rnnlab.training.evaluation import confusion
from rnnlab.training.folder import EpochRow, RunFolder
from rnnlab.training.ids import Prepared, Reviews, prepare
from rnnlab.training.loop import Plan, Run
from rnnlab.training.recipes import LECTURE
from rnnlab.training.recurrence import build_model, logits

NOISE = 0.05
PARTS = ["limit", "padded", "packed", "evaluation"]
Call = Callable[..., Any]


@dataclass(frozen=True)
class Job:
    """What one side is to do: the rows are those of the training split, or of the test split for evaluating."""

    csv: str
    limit: int | None
    device: str
    rows: tuple[int, ...]
    weights: dict[str, Tensor]


@dataclass(frozen=True)
class Timing:
    """Real tokens, and the seconds that they took."""

    tokens: int
    seconds: float

    @property
    def speed(self) -> float:
        return self.tokens / self.seconds


@functools.cache
def prepared(csv: str, limit: int | None) -> Prepared:
    return prepare(csv, limit=limit)


def some(reviews: Reviews, rows: tuple[int, ...]) -> Reviews:
    """Return some of the reviews, in this order."""
    parts = [reviews.tokens[reviews.offsets[row] : reviews.offsets[row + 1]] for row in rows]
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return Reviews(np.concatenate(parts), offsets, reviews.labels[list(rows)])


def finished(device: str) -> float:
    """Return the time once the device has done all that was asked of it."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter()


# --- the lecture's side ---------------------------------------------------------------------------------------------


class LectureModel(nn.Module):
    """The lecture's LSTM (STAT 453, L15.7), packed or not."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, LECTURE.emb)
        self.rnn = nn.LSTM(LECTURE.emb, LECTURE.hid)
        self.head = nn.Linear(LECTURE.hid, 2)

    def forward(self, text: Tensor, lengths: Tensor | None = None) -> Tensor:
        embedded = self.embedding(text)
        if lengths is not None:
            embedded = pack_padded_sequence(embedded, lengths.to("cpu"))
        _output, (hidden, _cell) = self.rnn(embedded)
        return self.head(hidden.squeeze(0))


@functools.cache
def lecture_data(csv: str, limit: int | None, split: str, rows: tuple[int, ...], lengths: bool) -> data.Dataset:
    """Return reviews as torchtext holds them: lists of words."""
    whole = prepared(csv, limit)
    text = data.Field(include_lengths=lengths)
    text.vocab = Vocab(Counter(), specials=[])
    text.vocab.itos = whole.words
    text.vocab.stoi = defaultdict(lambda: 0, {word: n for n, word in enumerate(whole.words)})
    label = data.LabelField(dtype=torch.long, use_vocab=False)
    chosen = some(getattr(whole, split), rows)
    ends = zip(chosen.offsets[:-1], chosen.offsets[1:], strict=True)
    fields = [("text", text), ("label", label)]
    examples = [
        data.Example.fromlist([[whole.words[i] for i in chosen.tokens[start:end]], int(chosen.labels[row])], fields)
        for row, (start, end) in enumerate(ends)
    ]
    return data.Dataset(examples, fields)


def lecture_model(job: Job) -> LectureModel:
    model = LectureModel(len(prepared(job.csv, job.limit).words))
    model.load_state_dict(job.weights)
    return model.to(job.device)


def lecture_trains(job: Job, packed: bool, bucketed: bool) -> Timing:
    """Train one epoch as the lecture's notebook does, without its accuracies."""
    device = torch.device(job.device)
    dataset = lecture_data(job.csv, job.limit, "train", job.rows, packed)
    loader = data.BucketIterator(
        dataset, batch_size=LECTURE.batch, train=True, sort_within_batch=bucketed,
        sort_key=lambda example: len(example.text), device=device,
    )  # fmt: skip
    model = lecture_model(job)
    optimizer = torch.optim.Adam(model.parameters(), lr=LECTURE.learning_rate)
    began = finished(job.device)
    model.train()
    batch: Any
    for number, batch in enumerate(loader):
        text, lengths = batch.text if packed else (batch.text, None)
        labels = batch.label.to(device)
        scores = model(text, lengths)
        loss = cross_entropy(scores, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if not number % 50:
            print(f"Batch {number:03d}/{len(loader):03d} | Cost: {loss:.4f}")
    ended = finished(job.device)
    return Timing(sum(len(example.text) for example in dataset.examples), ended - began)


def lecture_evaluates(job: Job) -> tuple[Timing, int]:
    """Count right answers as the packed notebook's `compute_accuracy` does."""
    device = torch.device(job.device)
    dataset = lecture_data(job.csv, job.limit, "test", job.rows, True)
    loader = data.BucketIterator(
        dataset, batch_size=LECTURE.batch, train=False, sort_within_batch=True,
        sort_key=lambda example: len(example.text), device=device,
    )  # fmt: skip
    model = lecture_model(job).eval()
    began = finished(job.device)
    with torch.no_grad():
        correct, examples = torch.zeros((), dtype=torch.long, device=device), 0
        batch: Any
        for batch in loader:
            text, lengths = batch.text
            labels = batch.label.to(device)
            scores = model(text, lengths)
            _, predicted = torch.max(scores, 1)
            examples += labels.size(0)
            correct += (predicted == labels).sum()
        right = round(float(correct.float() / examples * 100) * examples / 100)
    ended = finished(job.device)
    return Timing(sum(len(example.text) for example in dataset.examples), ended - began), right


# --- our side -------------------------------------------------------------------------------------------------------


def we_train(job: Job, warm: bool = False) -> tuple[Timing, dict[str, Tensor]]:
    """Train one epoch in the loop of `rnnlab train`; its validation, checkpoints and test do not count, as on the other side."""
    whole = prepared(job.csv, job.limit)
    one = some(whole.valid, (0,))
    mine = replace(whole, train=some(whole.train, job.rows), valid=one, test=one)
    epochs: list[EpochRow] = []
    with tempfile.TemporaryDirectory() as folder:
        processes = Processes(0, 1, torch.device(job.device))
        settings = replace(LECTURE, epochs=1, device=job.device)
        run = Run(
            Plan(settings, {"csv": job.csv}), mine, RunFolder.new(Path(folder) / "run"), processes,
            lambda event: epochs.append(event) if isinstance(event, EpochRow) else None,
        )  # fmt: skip
        if job.weights:
            run.steps.model.load_state_dict(job.weights)
        run.run()
        weights = {name: tensor.cpu() for name, tensor in run.steps.model.state_dict().items()} if warm else {}
    return Timing(int(mine.train.lengths.sum()), epochs[-1].seconds), weights


def limit(job: Job) -> Timing:
    """Run embedding, recurrence and head forward and backward alone, on batches that lie ready on the device."""
    if job.device == "cpu":
        torch.set_flush_denormal(True)
    whole = prepared(job.csv, job.limit)
    reviews = some(whole.train, job.rows)
    ready = list(Batches(reviews, LECTURE.batch, job.device, LECTURE.seed).epoch(1))
    model = build_model(LECTURE, len(whole.words), 2)
    model.load_state_dict(job.weights)
    model = model.to(job.device).train()
    began = finished(job.device)
    for batch in ready:
        model.zero_grad(set_to_none=True)
        cross_entropy(logits(model, batch.text, batch.lengths), batch.label).backward()
    return Timing(int(reviews.lengths.sum()), finished(job.device) - began)


def we_evaluate(job: Job) -> tuple[Timing, int]:
    """Count right answers as `rnnlab train` does after each epoch and at the end."""
    whole = prepared(job.csv, job.limit)
    reviews = some(whole.test, job.rows)
    model = build_model(LECTURE, len(whole.words), 2)
    model.load_state_dict(job.weights)
    model = model.to(job.device).eval()
    began = finished(job.device)
    counts = confusion(model, reviews, job.device)
    return Timing(int(reviews.lengths.sum()), finished(job.device) - began), int(counts.trace())


# --- measuring ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setup:
    """How a side's process is set: `flush` takes denormal floats for zero, `clock` is "wall" or "cpu"."""

    flush: bool
    threads: int
    clock: str


def set_up(setup: Setup) -> None:
    """Make a process ready for one side, before its first work."""
    torch.set_flush_denormal(setup.flush)
    torch.set_num_threads(setup.threads)
    if setup.clock == "cpu":
        # The loop of `rnnlab train` asks this clock too.
        time.perf_counter = time.process_time


@contextlib.contextmanager
def process(setup: Setup) -> Iterator[Callable[..., Any]]:
    """Yield how to call a function in a process that lives through all its calls."""
    how = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, how, set_up, (setup,)) as pool:
        yield lambda function, *given: pool.submit(function, *given).result()


def compared(
    ours: Callable[[], Timing], theirs: Callable[[], Timing], rounds: int
) -> tuple[float, float, float, float]:
    """Return the median ratio of speeds, the control's (ours against ours) median, and the speed of each side."""
    ours()
    ratios, controls, speeds = [], [], []
    for _ in range(rounds):
        first, other, second = ours(), theirs(), ours()
        mine = (first.speed + second.speed) / 2
        ratios.append(mine / other.speed)
        controls.append(second.speed / first.speed)
        speeds.append((mine, other.speed))
    mine, other = (statistics.median(side) for side in zip(*speeds, strict=True))
    return statistics.median(ratios), statistics.median(controls), mine, other


def figure(name: str, form: str, found: tuple[float, float, float, float], bar: str) -> str:
    """Print a comparison at once, and return the line of its figure."""
    ratio, control, ours, theirs = found
    line = f"{name}: {form.format(ratio)}"
    noise = "  NOISE: run again" if abs(control - 1) > NOISE else ""
    speeds = f"{ours:9,.0f} against {theirs:9,.0f} real tokens/s"
    print(f"{line:46} {speeds}  control {control:.2f}  {bar}{noise}", flush=True)
    return line


def even_rows(reviews: Reviews, batches: int) -> tuple[int, ...]:
    """Return the rows of some batches of an epoch, taken evenly from the shortest to the longest."""
    plan = sorted(Batches(reviews, LECTURE.batch).plan(1), key=lambda rows: reviews.lengths[rows].sum())
    plan = [rows for rows in plan if len(rows) == LECTURE.batch]
    chosen = [plan[int((n + 0.5) * len(plan) / batches)] for n in range(batches)]
    return tuple(int(row) for rows in chosen for row in rows)


def any_rows(reviews: Reviews, count: int) -> tuple[int, ...]:
    """Return rows by chance: what a batch is made of where nothing is bucketed."""
    return tuple(int(row) for row in np.random.default_rng(1).permutation(len(reviews))[:count])


def growth(call: Callable[..., Any], job: Job, whole: Prepared) -> None:
    """Print the seconds of an epoch against the number of reviews, and against their length."""
    print("reviews   seconds of an epoch   real tokens/s")
    for count in sorted({min(count, len(whole.train)) for count in (1_000, 4_000, 16_000, 34_000)}):
        rows = any_rows(whole.train, count)
        timing, _ = call(we_train, replace(job, rows=rows))
        print(f"{len(rows):7,}   {timing.seconds:19.1f}   {timing.speed:13,.0f}", flush=True)
    print("seq_len   seconds of a batch    real tokens/s")
    lengths = whole.train.lengths
    for seq_len in (125, 250, 500, 1_000):
        nearest = np.argsort(np.abs(lengths - seq_len), kind="stable")[: LECTURE.batch]
        job = replace(job, rows=tuple(nearest.tolist()))
        timing = min((call(we_train, job)[0] for _ in range(3)), key=lambda timing: timing.seconds)
        print(f"{seq_len:7,}   {timing.seconds:19.2f}   {timing.speed:13,.0f}", flush=True)


def wished() -> argparse.Namespace:
    """Return what was asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", default=os.environ.get("RNNLAB_DATA"), help="the reviews (RNNLAB_DATA)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--limit", type=int, help="read only so many reviews of the file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", type=int, default=4, help="batches that each side trains on in a round")
    parser.add_argument("--evaluated", type=int, default=10_000, help="reviews to evaluate")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--growth", action="store_true", help="add the two tables")
    wish = parser.parse_args()
    if not wish.csv:
        parser.error("name the reviews with --csv FILE or RNNLAB_DATA")
    return wish


@dataclass(frozen=True)
class Sides:
    """How to call each side in its process: ours, the lecture's as it is, and the lecture's with denormals taken for zero."""

    we: Call
    they: Call
    they_flushed: Call


def trainings(wish: argparse.Namespace, sides: Sides, job: Job, by_chance: Job) -> list[str]:
    """Compare our training with the limit and the lecture's loops; return the figures."""
    figures = []

    def add(
        name: str, bar: str, call: Call, function: Callable[..., Timing], *given: object, form: str = "{:.1f} x"
    ) -> None:
        found = compared(lambda: sides.we(we_train, job)[0], lambda: call(function, *given), wish.rounds)
        figures.append(figure(name, form, found, bar))

    if "limit" in wish.only:
        add("share of the limit", "bar: 0.9", sides.we, limit, job, form="{:.2f}")
    if "padded" in wish.only:
        add("padded loop", "bar: 3.0 x", sides.they, lecture_trains, by_chance, False, False)
        add("padded loop, bucketed", "", sides.they, lecture_trains, job, False, True)
        add("padded loop, denormals zero there too", "", sides.they_flushed, lecture_trains, by_chance, False, False)
    if "packed" in wish.only:
        bar = "bar: 10.0 x" if wish.device == "cpu" else "bar: 2.0 x"
        add("packed loop", bar, sides.they, lecture_trains, job, True, True)
        add("packed loop, denormals zero there too", "", sides.they_flushed, lecture_trains, job, True, True)
    return figures


def evaluation(wish: argparse.Namespace, sides: Sides, job: Job) -> list[str]:
    """Compare our counting of right answers with the lecture's, and say that they agree."""
    right = sides.we(we_evaluate, job)[1], sides.they(lecture_evaluates, job)[1]
    print(f"right answers of {len(job.rows):,}: ours {right[0]:,}, the lecture's {right[1]:,}")
    ours, theirs = (lambda: sides.we(we_evaluate, job)[0]), (lambda: sides.they(lecture_evaluates, job)[0])
    return [
        figure("evaluation", "{:.1f} x", compared(ours, theirs, wish.rounds), "bar: 8.0 x" * (wish.device == "cpu"))
    ]


def main() -> None:
    """Print each figure as it is found, and all of them last."""
    wish = wished()
    whole = prepared(wish.csv, wish.limit)
    plain = Setup(False, wish.threads, wish.clock)
    flushed = replace(plain, flush=True)
    figures: list[str] = []
    with process(flushed) as we, process(plain) as they, process(flushed) as they_flushed:
        sides = Sides(we, they, they_flushed)
        fresh = Job(wish.csv, wish.limit, wish.device, any_rows(whole.train, 16 * LECTURE.batch), {})
        job = replace(fresh, rows=even_rows(whole.train, wish.batches), weights=we(we_train, fresh, True)[1])
        figures += trainings(wish, sides, job, replace(job, rows=any_rows(whole.train, wish.batches * LECTURE.batch)))
        if "evaluation" in wish.only:
            figures += evaluation(wish, sides, replace(job, rows=any_rows(whole.test, wish.evaluated)))
        if wish.growth:
            growth(we, job, whole)
    name = torch.cuda.get_device_name() if wish.device.startswith("cuda") else platform.machine()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(
        f"\non {name}, {os.cpu_count()} cores{load}, threads {wish.threads}, {wish.clock} clock, "
        f"Python {platform.python_version()}, torch {version('torch')}, {platform.system()}; "
        f"lecture's widths, {wish.rounds} rounds of {wish.batches} batches"
    )
    print(*figures, sep="\n")


if __name__ == "__main__":
    main()
