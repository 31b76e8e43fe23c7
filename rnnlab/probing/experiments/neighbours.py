"""Batch independence: the answer for a text is a matter of that text alone."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from rnnlab.facts import Gap, Probe
from rnnlab.probing.experiments.seeing import gradients_of_steps
from rnnlab.probing.experiments.subject import Subject, difference, spread
from rnnlab.probing.experiments.telling import told
from rnnlab.probing.experiments.texts import texts

_UNEVEN = (5, 7, 4, 6)


def lengths_for(subject: Subject, kind: str) -> list[int]:
    """Return the lengths of four texts (or as many as the model takes): all `equal`, or `uneven` and in no order."""
    count, most = subject.batch(4), subject.form.seq_len or 7
    if kind == "equal":
        return [most] * count
    return [max(1, min(_UNEVEN[i % 4], most)) for i in range(count)]


def neighbours(subject: Subject) -> Iterator[Probe | Gap]:
    """Ask for the gradient of each answer at the words of the other texts; all texts are equally long.

    Fact `neighbours`: given `batch`, `seq_len`; seen `own` (the least that an answer depends on its own text), `foreign` (the
    most that it depends on another one), `foreign_texts` (how many texts have an answer that depends on another text).
    """
    lengths = lengths_for(subject, "equal")
    if len(lengths) < 2:
        return
    norms = gradients_of_steps(subject, texts(subject.form, lengths, subject.seed), lengths[0])
    if norms is None or norms.shape[0] != norms.shape[1]:
        yield Gap(
            seen_by="probe", place=subject.place, what="neighbours", why="the vectors of the words cannot be seen"
        )
        return
    by_text = norms.amax(2)  # (answer, text)
    foreign = by_text.clone().fill_diagonal_(0.0)
    seen = {
        "own": float(by_text.diagonal().min()),
        "foreign": float(foreign.max()),
        "foreign_texts": int((foreign.amax(1) > 1e-7 * max(1e-12, float(by_text.max()))).sum()),
    }
    yield told(subject, "neighbours", {"batch": len(lengths), "seq_len": lengths[0]}, seen)


def alone(subject: Subject) -> Iterator[Probe | Gap]:
    """Answer each text alone, and together with three others.

    Fact `alone`: given `lengths` (`equal`, or `uneven`: then the shorter ones are padded in the batch), `told_lengths`; seen
    `largest_change` and `spread`.
    """
    if subject.form.batch is not None or subject.batch(4) == 1:
        why = "the model takes no other batch size" if subject.form.batch else "the model takes one text at a time"
        yield Gap(seen_by="probe", place=subject.place, what="alone", why=why)
        return
    for kind in ("equal", "uneven"):
        lengths = lengths_for(subject, kind)
        batch = texts(subject.form, lengths, subject.seed)
        together = subject.answer(batch)
        # An answer for each step has as many steps as the batch.
        seq_len = max(lengths) if "seq_len" in subject.form.output else 0
        single = torch.cat([subject.answer([text], seq_len=seq_len) for text in batch])
        seen = {"largest_change": difference(together, single), "spread": spread(together)}
        given = {"lengths": kind, "batch": len(batch), "told_lengths": subject.form.has_lengths}
        yield told(subject, "alone", given, seen)


def permutation(subject: Subject) -> Iterator[Probe]:
    """Give the same texts in another order: the answers must change places with them.

    Fact `permutation`: given `batch`; seen `largest_change` and `spread`.
    """
    lengths = lengths_for(subject, "uneven")
    if len(lengths) < 2:
        return
    batch = texts(subject.form, lengths, subject.seed)
    longest = subject.form.seq_len or max(lengths)
    order = [(i * 3 + 2) % len(batch) if len(batch) == 4 else (i + 1) % len(batch) for i in range(len(batch))]
    before = subject.answer(batch, seq_len=longest)
    after = subject.answer([batch[i] for i in order], seq_len=longest)
    back = torch.tensor(order).argsort()
    seen = {"largest_change": difference(before, after[back]), "spread": spread(before)}
    yield told(subject, "permutation", {"batch": len(batch), "lengths": "uneven"}, seen)
