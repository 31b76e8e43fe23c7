"""Padding invariance: more padding must not change an answer."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from rnnlab.facts import Probe
from rnnlab.probing.experiments.seeing import gradients_of_steps
from rnnlab.probing.experiments.subject import Subject, difference, spread
from rnnlab.probing.experiments.telling import told
from rnnlab.probing.experiments.texts import Text, texts

_LENGTHS = (7, 5, 6, 4)
_MORE = 6


def padding(subject: Subject) -> Iterator[Probe]:
    """Answer the same texts with no more pads than they need, and with six more; pads on the right, then on the left.

    Fact `padding`: given `side`, `pads` (how many more), `how`, `pad` and `pad_from`, `lengths` (whether the model is told them);
    seen `largest_change` and `spread` (by how much the answers differ between texts), and `at_pads`, `at_words`: the largest
    gradient that the answers have at a pad, and at a word. Where the model takes one seq_len alone, the gradients only.
    """
    for side in ("right", "left"):
        count = subject.batch(4)
        lengths = [_LENGTHS[i % len(_LENGTHS)] for i in range(count)]
        if subject.form.seq_len is not None:
            lengths = [max(1, min(n, subject.form.seq_len - 1 - i % 2)) for i, n in enumerate(lengths)]
        batch = texts(subject.form, lengths, subject.seed)
        seen: dict[str, float] = {}
        longest = max(lengths)
        how = "none"
        if subject.form.seq_len is None:
            how, before, after = _answers(subject, batch, longest, side)
            seen = {"largest_change": difference(before, after), "spread": spread(before)}
        seen |= _at_pads(
            subject, batch, subject.form.seq_len or longest + (0 if how == "a longer neighbour" else _MORE), side
        )
        given = {
            "side": side,
            "pads": _MORE if subject.form.seq_len is None else 0,
            "how": how,
            "pad": subject.form.pad,
            "pad_from": subject.form.pad_from,
            "lengths": subject.form.has_lengths,
        }
        yield told(subject, "padding", given, seen)


def _answers(subject: Subject, batch: list[Text], longest: int, side: str) -> tuple[str, Tensor, Tensor]:
    """Return the answers for a batch with few pads and with more, and how more came about.

    A model that unpacks wants the batch to be as long as its longest text: then one more text, a longer one, stretches it.
    """
    try:
        return (
            "more pads",
            subject.answer(batch, side=side),
            subject.answer(batch, seq_len=longest + _MORE, side=side),
        )
    except Exception:
        short, long = texts(subject.form, [longest, longest + _MORE], subject.seed + 1)
        before = subject.answer([*batch[1:], short], side=side)
        after = subject.answer([*batch[1:], long], side=side)
        return "a longer neighbour", before[: len(batch) - 1], after[: len(batch) - 1]


def _at_pads(subject: Subject, batch: list[Text], seq_len: int, side: str) -> dict[str, float]:
    """Return the largest gradient at pads and at words; nothing where the text's vectors cannot be seen."""
    norms = gradients_of_steps(subject, batch, seq_len, side)
    if norms is None:
        return {}
    words, pads = [], []
    for i, text in enumerate(batch):
        row = norms[i][i]
        split = len(text) if side == "right" else seq_len - len(text)
        first, second = row[:split], row[split:]
        words.append(float((first if side == "right" else second).max()))
        rest = second if side == "right" else first
        pads.append(float(rest.max()) if len(rest) else 0.0)
    return {"at_pads": max(pads), "at_words": max(words)}
