"""Printed accuracies: what they were divided by, and the ways to print a right one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from forks import Judged

Judge = Callable[[str], Judged]

HEAD = """
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
x, y = torch.randint(1, 60, (123, 12)), torch.randint(0, 2, (123,))
train_data, test_data = TensorDataset(x[:80], y[:80]), TensorDataset(x[80:], y[80:])
train_loader = DataLoader(train_data, batch_size=16, shuffle=True)
test_loader = DataLoader(test_data, batch_size=8)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 8, batch_first=True)
        self.fc = nn.Linear(8, 2)
    def forward(self, x):
        return self.fc(self.rnn(self.emb(x))[1][-1])

net = Net()
opt = torch.optim.Adam(net.parameters())
loss_fn = nn.CrossEntropyLoss()
for epoch in range(2):
    net.train()
    for a, b in train_loader:
        opt.zero_grad()
        loss = loss_fn(net(a), b)
        loss.backward()
        opt.step()
    net.eval()
    total = seen = 0
    with torch.no_grad():
        for a, b in test_loader:
            seen += len(b)
"""
RIGHT = "total += (net(a).argmax(1) == b).sum().item()"
MEAN = "total += (net(a).argmax(1) == b).float().mean().item()"
SCORE = "from sklearn.metrics import accuracy_score; total += accuracy_score(b, net(a).argmax(1)) * len(b)"
RULES = ("mean_of_batch_means", "accuracy_divided_by_the_wrong_number", "comparison_broadcasts")


def program(counting: str, printing: str) -> str:
    return f"{HEAD}            {counting}\n    {printing}\n"


@pytest.mark.parametrize(
    ("rule", "counting", "printing", "said"),
    [
        (
            RULES[0],
            MEAN,
            "print(f'test accuracy {total / len(test_loader):.4f}')",
            "divided by 6, the number of batches",
        ),
        (RULES[0], RIGHT, "print(f'test acc {100 * total / len(test_loader):.2f}%')", "right answers divided by 6"),
        (RULES[0], MEAN, "print('test accuracy', total / len(test_data))", "divided by 43, the number of reviews"),
        (RULES[1], RIGHT, "print('test accuracy', round(total / len(train_data), 4))", "right answers divided by 80"),
        (RULES[1], RIGHT, "print('test accuracy', total / (len(test_loader) * 8))", "divided by 48"),
    ],
)
def test_a_wrong_accuracy_is_explained(judge_text: Judge, rule: str, counting: str, printing: str, said: str) -> None:
    assert said in judge_text(program(counting, printing)).only(rule).message


def test_an_accuracy_of_pairs_is_told_with_the_comparison(judge_text: Judge) -> None:
    counting = "total += (net(a).argmax(1, keepdim=True) == b).sum().item()"
    found = judge_text(program(counting, "print('test accuracy', total / len(test_data))")).only(RULES[2])
    assert "equal pairs among 43 reviews" in found.message


@pytest.mark.parametrize(
    ("counting", "printing"),
    [
        (RIGHT, "print('test accuracy', total / seen)"),
        (RIGHT, "print(f'test accuracy {100 * total / seen:.1f}%')"),
        (RIGHT, "print('test accuracy: {:.3f}, loss: {:.3f}'.format(total / len(test_data), loss.item()))"),
        (RIGHT, "print('test acc', round(100 * total / len(test_loader.dataset), 2), '%')"),
        (RIGHT, "print(f'epoch {epoch} test accuracy {total / seen:.2f} in {total / len(test_loader):.2f} s')"),
        (SCORE, "print('test accuracy', total / seen)"),
        (RIGHT, "print('best accuracy so far 0.6125')"),
    ],
)
def test_a_right_accuracy_is_left_alone(judge_text: Judge, counting: str, printing: str) -> None:
    judged = judge_text(program(counting, printing))
    assert not [one for one in judged.found if one.rule in RULES], judged.found
