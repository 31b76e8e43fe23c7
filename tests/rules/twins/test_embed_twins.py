"""Programs that look like a mistake with padding or word vectors and are none, and the same mistakes in other spellings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from rnnlab.rules.kit import catalogue

Judge = Callable[[str], Any]
AVERAGED = "padding_averaged_into_the_review"
SMALL, GUESSED, SHARED = (
    "embedding_smaller_than_the_vocabulary",
    "padding_index_guessed",
    "padding_index_shared_with_a_word",
)
REAL, TRAINED = "padding_idx_of_a_real_word", "padding_trained_as_a_word"
UNUSED, FROZEN, ZERO = "pretrained_vectors_not_used", "pretrained_vectors_frozen", "words_without_vector_all_zero"
ROW, SIDES, LENGTHS, BUCKETS = (
    "padding_row_overwritten_by_vectors",
    "padding_on_different_sides",
    "lengths_asked_for_and_not_used",
    "iterator_does_not_bucket",
)


def changed(rule: str, old: str, new: str) -> str:
    """Return the bad program of a page with one thing changed."""
    (program,) = re.findall(r"^```python bad\n(.*?)^```", catalogue()[rule].page, re.DOTALL | re.MULTILINE)
    program = program.replace("  # <- found here", "")
    assert old in program, (rule, old)
    return program.replace(old, new)


PACKED = (
    "output, hidden = self.rnn(self.embedding(text))",
    "packed = nn.utils.rnn.pack_padded_sequence(self.embedding(text), (text != 0).sum(1).cpu(), True, False)\n"
    "        output, lengths = nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0], batch_first=True{})\n"
    "        lengths = lengths.unsqueeze(1)",
)
HARMLESS = [
    (AVERAGED, "output.mean(dim=1)", "output.masked_fill((text == 0).unsqueeze(2), float('-inf')).max(dim=1).values"),
    (AVERAGED, "output.mean(dim=1)", "(output * (text != 0).unsqueeze(2)).sum(1) / (text != 0).sum(1, keepdim=True)"),
    (AVERAGED, "output.mean(dim=1)", "torch.where((text != 0).unsqueeze(2), output, output.min()).amax(dim=1)"),
    (AVERAGED, "output.mean(dim=1)", "(torch.softmax(output - 1e9 * (text == 0)[:, :, None], 1) * output).sum(1)"),
    (AVERAGED, "batch_size=8, shuffle=True", "batch_size=1, shuffle=True"),
    (AVERAGED, "output.mean(dim=1)", "hidden.mean(dim=0)"),
    (SMALL, "nn.Embedding(len(index),", "nn.Embedding(max(index.values()) + 1,"),
    (SMALL, "start=1)}", "start=1)}\nindex['<pad>'] = 0"),
    (SMALL, "start=1)", "start=0)"),
    (GUESSED, "text != 0", "text != 1"),
    (GUESSED, '{"<unk>": 0, "<pad>": 1}', '{"<pad>": 0, "<unk>": 1}'),
    (SHARED, "enumerate(words)", "enumerate(words, 1)"),
    (SHARED, "enumerate(words)", "enumerate(['<pad>', *words])"),
    (REAL, "padding_idx=0", "padding_idx=len(index)"),
    (TRAINED, "nn.Embedding(len(index), 8)", "nn.Embedding(len(index), 8, 0)"),
    (UNUSED, "self.embedding.from_pretrained(vectors, freeze=False)", "self.embedding.weight.data.copy_(vectors)"),
    (FROZEN, "(vectors, padding_idx=0)", "(vectors, True, padding_idx=0)"),
    (ZERO, "freeze=True", "freeze=False"),
    (ZERO, "vectors[i] = glove[word]", "vectors[i] = glove[word]\n    else:\n        vectors[i] = torch.randn(8)"),
    (ROW, "vectors = torch.randn(len(index), 8)", "vectors = torch.randn(len(index), 8)\nvectors[0] = 0"),
    (ROW, "nn.Embedding(len(index), 8, padding_idx=0)", "nn.Embedding(len(index), 8)"),
    (SIDES, "one + [0] * (longest - len(one)) for", "[0] * (longest - len(one)) + one for"),
    (LENGTHS, "text, lengths = batch.text", "text, _ = batch.text"),
    (LENGTHS, "text, lengths = batch.text", "text, lengths = batch.text\n    print(lengths.max())"),
    (BUCKETS, "len(row.text))", "len(row.text), sort_within_batch=True)"),
]  # fmt: skip

OTHERWISE = [
    (AVERAGED, "output.mean(dim=1)", "torch.max(output, 1)[0]"),
    (AVERAGED, "output.mean(dim=1)", "nn.functional.adaptive_avg_pool1d(output.transpose(1, 2), 1).squeeze(2)"),
    (AVERAGED, "output.mean(dim=1)", "(torch.softmax(torch.tanh(output), dim=1) * output).sum(dim=1)"),
    (AVERAGED, "output.mean(dim=1)", "output.permute(0, 2, 1).mean(-1)"),
    (SMALL, "nn.Embedding(len(index),", "nn.Embedding(len(words),"),
    (SMALL, "enumerate(words, start=1)", "enumerate(words, 1)"),
    (GUESSED, "(text != 0)", "text.ne(0)"),
    (SHARED, "batch_first=True)", "batch_first=True, padding_value=3)"),
    (UNUSED, "self.embedding.from_pretrained", "layer = nn.Embedding.from_pretrained"),
]

PACKED_HARMLESS = [("", "output.sum(1) / lengths"), (', padding_value=float("-inf")', "output.max(dim=1).values")]


@pytest.mark.parametrize(("rule", "old", "new"), HARMLESS)
def test_a_harmless_twin_is_no_finding(rule: str, old: str, new: str, check_text: Judge) -> None:
    assert check_text(changed(rule, old, new)).lines(rule) == []


@pytest.mark.parametrize(("rule", "old", "new"), OTHERWISE)
def test_another_spelling_is_found(rule: str, old: str, new: str, check_text: Judge) -> None:
    assert check_text(changed(rule, old, new)).lines(rule)


@pytest.mark.parametrize(("option", "pooled"), PACKED_HARMLESS)
def test_zeros_that_are_divided_by_the_lengths_are_no_finding(option: str, pooled: str, check_text: Judge) -> None:
    program = changed(AVERAGED, PACKED[0], PACKED[1].format(option)).replace("output.mean(dim=1)", pooled)
    assert check_text(program).lines(AVERAGED) == []


def test_zeros_that_are_divided_by_the_longest_length_are_a_risk(check_text: Judge) -> None:
    (finding,) = check_text(changed(AVERAGED, PACKED[0], PACKED[1].format(""))).found
    assert (finding.rule, finding.level) == (AVERAGED, "risk")
