"""Order sensitivity, and determinism in eval mode."""

from __future__ import annotations

from collections.abc import Iterator

from rnnlab.facts import Probe
from rnnlab.probing.experiments.subject import Subject, difference, spread
from rnnlab.probing.experiments.telling import told
from rnnlab.probing.experiments.texts import texts


def order(subject: Subject) -> Iterator[Probe]:
    """Give the same words in the opposite order, and with two neighbours in the middle swapped.

    Fact `word order`: given `seq_len`; seen `reversed` and `swapped` (largest changes), `spread`. A model without order
    has read a bag of words.
    """
    seq_len = subject.seq_len(7)
    batch = texts(subject.form, [seq_len] * subject.batch(4), subject.seed)
    before = subject.answer(batch)
    middle = max(0, seq_len // 2 - 1)
    swap = [*range(middle), *([middle + 1, middle] if seq_len > 1 else [0]), *range(middle + 2, seq_len)]
    seen = {
        "reversed": difference(before, subject.answer([text.flip(0) for text in batch])),
        "swapped": difference(before, subject.answer([text[swap] for text in batch])),
        "spread": spread(before),
    }
    yield told(subject, "word order", {"seq_len": seq_len}, seen)


def repetition(subject: Subject) -> Iterator[Probe]:
    """Ask two fresh copies in eval mode the same, from two random states.

    Fact `repetition`: seen `largest_change` and `spread`. Dropout that is always on, and random first states, change answers.
    """
    seq_len = subject.seq_len(7)
    batch = texts(subject.form, [seq_len] * subject.batch(4), subject.seed)
    answers = [subject.answer(batch, seed=seed) for seed in (1, 2, 3)]
    seen = {
        "largest_change": max(difference(answers[0], other) for other in answers[1:]),
        "spread": spread(answers[0]),
    }
    yield told(subject, "repetition", {"times": len(answers)}, seen)
