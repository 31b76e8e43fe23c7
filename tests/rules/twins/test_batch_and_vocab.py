"""Programs that look like a mistake of the stages vocab and batch and are none, and the same mistakes in other spellings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from rnnlab.rules.kit import catalogue

Judge = Callable[[str], Any]
SHUFFLED, DROPPED = "training_data_not_shuffled", "ragged_batch_dropped_in_evaluation"
RAISES, AS_PADDING, SET = "unknown_word_raises", "unknown_words_read_as_padding", "word_order_from_a_set"
EARLY, AXES, SORTED = (
    "unpacked_before_the_rnn",
    "unpacked_with_the_other_batch_first",
    "sorted_for_packing_not_restored",
)


def changed(rule: str, old: str, new: str) -> str:
    """Return the bad program of a page with one thing changed."""
    (program,) = re.findall(r"^```python bad\n(.*?)^```", catalogue()[rule].page, re.DOTALL | re.MULTILINE)
    program = program.replace("  # <- found here", "")
    assert old in program, (rule, old)
    return program.replace(old, new)


HARMLESS = [
    (SHUFFLED, "label[:50]), batch_size=16)", "label[:50]), batch_size=16, sampler=torch.utils.data.RandomSampler(range(50)))"),
    (SHUFFLED, "DataLoader(TensorDataset(text[:50], label[:50]), batch_size=16)",
     "DataLoader(torch.utils.data.random_split(TensorDataset(text[:50], label[:50]), [40, 10])[0], batch_size=16)"),
    (DROPPED, "drop_last=True", "drop_last=False"),
    (RAISES, "[[index[word] for word in sentence.split()]]", "[[index[word] for word in sentence.split() if word in index]]"),
    (RAISES, "[[index[word] for word in sentence.split()]]", "[[index.get(word, 1) for word in sentence.split()]]"),
    (AS_PADDING, '{"<pad>": 0}', '{"<pad>": 0, "<unk>": 1}'),
    (SET, "enumerate(words, start=2)", "enumerate(sorted(words), start=2)"),
    (SET, "words = set(word for", "words = dict.fromkeys(word for"),
    (SET, "index = {word: i", "words = list(words)\nwords.sort()\nindex = {word: i"),
    (SET, "index = {word: i", "words = [\"<s>\"] + sorted(words)\nindex = {word: i"),
    (EARLY, "steps, lengths = pad_packed_sequence(packed, batch_first=True)\n        output, hidden = self.rnn(steps)",
     "packed, hidden = self.rnn(packed)\n        output, lengths = pad_packed_sequence(packed, batch_first=True)"),
    (AXES, "output.sum(dim=1)", "output.transpose(0, 1).sum(dim=1)"),
    (AXES, "output.sum(dim=1)", "output.sum(dim=0)"),
    (SORTED, "self.fc(hidden[-1])", "self.fc(hidden[-1])[order.argsort()]"),
    (SORTED, "self.fc(hidden[-1])", "self.fc(hidden[-1]).index_select(0, torch.sort(order).indices)"),
]  # fmt: skip

OTHERWISE = [
    (SHUFFLED, "batch_size=16)", "16, False)"),
    (DROPPED, "drop_last=True", "shuffle=False, num_workers=0, drop_last=not False"),
    (RAISES, "[[index[word] for word in sentence.split()]]", "[list(index[word] for word in sentence.split())]"),
    (SET, "words = set(word for text in train[\"text\"] for word in text.split())",
     "words = list({word for text in train[\"text\"] for word in text.split()})"),
    (SET, "index = {word: i", "words = [\"<s>\"] + list(words)\nindex = {word: i"),
    (SORTED, "lengths.sort(descending=True)", "torch.sort(lengths, 0, True)"),
    (AXES, "output.sum(dim=1)", "output[:, -1]"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "old", "new"), HARMLESS)
def test_a_harmless_twin_is_no_finding(rule: str, old: str, new: str, check_text: Judge, judge_text: Judge) -> None:
    program = changed(rule, old, new)
    for judge in (check_text, judge_text):
        assert judge(program).lines(rule) == []


@pytest.mark.parametrize(("rule", "old", "new"), OTHERWISE)
def test_another_spelling_is_found(rule: str, old: str, new: str, check_text: Judge) -> None:
    assert check_text(changed(rule, old, new)).lines(rule)
