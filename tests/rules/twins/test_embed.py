"""Programs that look like a mistake with padding or word vectors and are none, and the same mistakes in other spellings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from rnnlab.rules.kit import catalogue

Judge = Callable[[str], Any]
AVERAGED = "padding_averaged_into_the_review"


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
]  # fmt: skip

OTHERWISE = [
    (AVERAGED, "output.mean(dim=1)", "torch.max(output, 1)[0]"),
    (AVERAGED, "output.mean(dim=1)", "nn.functional.adaptive_avg_pool1d(output.transpose(1, 2), 1).squeeze(2)"),
    (AVERAGED, "output.mean(dim=1)", "(torch.softmax(torch.tanh(output), dim=1) * output).sum(dim=1)"),
    (AVERAGED, "output.mean(dim=1)", "output.permute(0, 2, 1).mean(-1)"),
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
