"""Functions that nobody calls: their loops are read by what they ask of their arguments, and harmless ones stay silent."""

from __future__ import annotations

import pytest

from rnnlab.reading import read_text
from rnnlab.report import judge

HEAD = """
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from sklearn.metrics import f1_score
"""
TRAIN = """
def fit(net, batches, updater, criterion):
    kept, total = [], 0
    net.train()
    for batch, label in batches:
        updater.zero_grad()
        loss = criterion(net(batch), label)
        loss.backward()
        updater.step()
        {last}
    return total / len(batches)
"""
JUDGE = """
def judge(net, batches, criterion):
    net.eval()
    losses, right, answers = [], 0, []
    {before}
    for batch, label in batches:
        {first}
        scores = net(batch)
        losses.append(criterion(scores, label).item())
        chosen = scores.argmax(1)
        answers.extend(chosen.tolist())
        right += (chosen == label).sum().item()
    {last}
"""


def _judge(before: str = "", first: str = "pass", last: str = "return right") -> str:
    return HEAD + JUDGE.format(before=before, first=first, last=last)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (
            "gradients_not_zeroed",
            HEAD
            + TRAIN.format(last="total += loss.item()")
            .replace("updater.zero_grad()", "pass")
            .replace("updater", "optimizer"),
        ),
        ("loss_summed_with_its_graph", HEAD + TRAIN.format(last="total += loss")),
        ("loss_summed_with_its_graph", HEAD + TRAIN.format(last="kept.append(loss)")),
        ("gradients_kept_in_evaluation", _judge()),
        ("mean_of_batch_means", _judge(last="return np.mean(losses)")),
        ("ragged_batch_dropped_in_evaluation", _judge(first="if batch.size(0) != 32: continue")),
        ("last_batch_reported_for_the_epoch", _judge(last="return f1_score(label, chosen)")),
        ("whole_model_saved", _judge(last="torch.save(net, 'net.pt')")),
    ],
)
def test_found_where_nobody_calls(rule: str, text: str) -> None:
    assert rule in _found(text)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("gradients_not_zeroed", HEAD + TRAIN.format(last="total += loss.item()")),
        (
            "gradients_not_zeroed",
            HEAD
            + "model = nn.Linear(2, 2)\nupdater = torch.optim.Adam(model.parameters())\n"
            + TRAIN.format(last="pass").replace("updater, ", "").replace("updater.zero_grad", "net.zero_grad"),
        ),
        (
            "gradients_not_zeroed",
            HEAD
            + "def clear(these):\n    for one in these:\n        one.zero_grad()\n"
            + TRAIN.format(last="pass").replace("updater.zero_grad()", "clear([updater])"),
        ),
        ("loss_summed_with_its_graph", HEAD + TRAIN.format(last="kept.append(loss.item())")),
        ("loss_summed_with_its_graph", HEAD + TRAIN.format(last="kept.append(loss); kept.clear()")),
        ("gradients_kept_in_evaluation", _judge(first="torch.set_grad_enabled(False)")),
        (
            "gradients_kept_in_evaluation",
            _judge() + "\n@torch.no_grad()\ndef ask(net, x):\n    return judge(net, x, None)\n",
        ),
        ("mean_of_batch_means", _judge(last="return sum(losses)")),
        ("mean_of_batch_means", HEAD + TRAIN.format(last="total += loss.item()")),
        ("ragged_batch_dropped_in_evaluation", _judge(first="if len(batch) < 2: continue")),
        ("ragged_batch_dropped_in_evaluation", _judge(first="if len(batch) != 32: print('small')")),
        ("last_batch_reported_for_the_epoch", _judge(last="return f1_score(label, answers)")),
        ("whole_model_saved", _judge(last="torch.save(net.state_dict(), 'net.pt')")),
        ("whole_model_saved", HEAD + "def keep(state, path):\n    torch.save(state, path)\n"),
        (
            "training_data_not_shuffled",
            HEAD
            + "def fit(net, rows, labels, updater):\n    for epoch in range(5):\n        mix = np.random.permutation(len(rows))\n"
            "        rows, labels = rows[mix], labels[mix]\n        for i in range(0, len(rows), 32):\n"
            "            updater.zero_grad()\n            loss = F.cross_entropy(net(rows[i:i + 32]), labels[i:i + 32])\n"
            "            loss.backward()\n            updater.step()\n",
        ),
    ],
)
def test_harmless_where_nobody_calls(rule: str, text: str) -> None:
    assert rule not in _found(text)


def _found(text: str) -> set[str]:
    return {outcome.rule.name for outcome, _ in judge(read_text(text)).found()}
