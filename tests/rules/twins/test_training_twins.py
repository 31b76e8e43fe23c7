"""Training loops that look like a mistake and are none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from forks import Judged

Judge = Callable[[str], Judged]

HEAD = """
import copy
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
x, y = torch.randint(1, 60, (48, 12)), torch.randint(0, 2, (48,))
train_loader = DataLoader(TensorDataset(x[:32], y[:32]), batch_size=16, shuffle=True)
valid_loader = DataLoader(TensorDataset(x[32:40], y[32:40]), batch_size=8)
test_loader = DataLoader(TensorDataset(x[40:], y[40:]), batch_size=8)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 8, batch_first=True)
        self.fc = nn.Linear(8, 2)
    def forward(self, x):
        return self.fc(self.rnn(self.emb(x))[1][-1])

def accuracy(net, loader):
    net.eval()
    with torch.no_grad():
        return sum((net(a).argmax(1) == b).sum().item() for a, b in loader) / len(loader.dataset)

net = Net()
opt = torch.optim.Adam(net.parameters())
loss_fn = nn.CrossEntropyLoss()
"""
STEP = """
        opt.zero_grad()
        loss = loss_fn(net(a), b)
        loss.backward()
        opt.step()
"""
EPOCHS = "for epoch in range(2):\n    net.train()\n    for a, b in train_loader:" + STEP


@pytest.mark.parametrize(
    ("rule", "body"),
    [
        (
            "last_batch_reported_for_the_epoch",
            "for epoch in range(9):" + STEP.replace("(net(a), b)", "(net(x), y)") + "print(loss.item())",
        ),
        ("last_batch_reported_for_the_epoch", EPOCHS + "    print('loss of the last batch', loss.item())"),
        ("last_batch_reported_for_the_epoch", EPOCHS + "        print('loss', loss.item())"),
        (
            "best_weights_never_loaded",
            "best = 0\n" + EPOCHS + "    acc = accuracy(net, valid_loader)\n    if acc > best:\n        best = acc\n"
            "        torch.save(net.state_dict(), 'best.pt')\nnet.load_state_dict(torch.load('best.pt'))\n"
            "print('test', accuracy(net, test_loader))",
        ),
        (
            "best_weights_never_loaded",
            "best = 0\n" + EPOCHS + "    acc = accuracy(net, valid_loader)\n    if acc > best:\n        best = acc\n"
            "        kept = copy.deepcopy(net)\nprint('test', accuracy(kept, test_loader))",
        ),
        (
            "test_set_chooses_the_epoch",
            "best = 0\n"
            + EPOCHS
            + "    v, t = accuracy(net, valid_loader), accuracy(net, test_loader)\n    print(v, t)\n"
            "    if v > best:\n        best, test_at_best = v, t\nprint(test_at_best)",
        ),
        (
            "model_goes_on_from_the_last_fold",
            "for fold in range(2):\n    net = Net()\n    opt = torch.optim.Adam(net.parameters())\n    for a, b in train_loader:"
            + STEP,
        ),
        (
            "scheduler_stepped_at_the_wrong_time",
            "s = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=2 * len(train_loader))\n"
            + EPOCHS
            + "        s.step()",
        ),
        (
            "best_weights_are_an_alias",
            "best, kept = 0, net.state_dict()\n"
            + EPOCHS
            + "    acc = accuracy(net, valid_loader)\n    if acc > best:\n"
            "        best, kept = acc, copy.deepcopy(net.state_dict())\nnet.load_state_dict(kept)",
        ),
        (
            "parameters_missing_from_the_optimizer",
            "opt = torch.optim.Adam([{'params': net.emb.parameters()}, {'params': net.rnn.parameters()},"
            " {'params': net.fc.parameters()}])\n" + EPOCHS,
        ),
    ],
)
def test_harmless_training(check_text: Judge, rule: str, body: str) -> None:
    assert check_text(HEAD + body).lines(rule) == []
