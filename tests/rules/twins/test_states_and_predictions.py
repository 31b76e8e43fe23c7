"""States, devices, checkpoints and predictions that look like a mistake and are none, and mistakes in other spellings."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest
from forks import Judged

Judge = Callable[[str], Judged]

HEAD = """
import torch
import pandas as pd
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
BATCH = 16
loader = DataLoader(TensorDataset(text, label), batch_size=BATCH, shuffle=True)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Net(nn.Module):
    def __init__(self, batch_size=16):
        super().__init__()
        self.batch_size = batch_size
        self.emb = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)
        self.every = nn.Linear(16, 60)
"""
LOOP = """
net = Net()
optimizer = torch.optim.Adam(net.parameters())
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    optimizer.step()
"""


def program(forward: str, rest: str) -> str:
    """Return a program with this forward and what follows."""
    return HEAD + "\n" + textwrap.indent(textwrap.dedent(forward).strip(), "    ") + "\n\n" + textwrap.dedent(rest)


PLAIN = """
def forward(self, x):
    _, h = self.rnn(self.emb(x))
    return self.fc(h[-1])
"""
WITH_STATE = """
def forward(self, x, h):
    out, h = self.rnn(self.emb(x), h)
    return self.fc(h[-1]), h
"""
STATES = ("state_carried_from_batch_to_batch", "hidden_state_kept_in_the_graph")


def train_with_state(before: str, step: str) -> str:
    """Return a loop whose state is begun and handed on in these ways."""
    return f"""
net = Net()
optimizer = torch.optim.Adam(net.parameters())
{before}
for x, y in loader:
    {step}
    loss = F.cross_entropy(scores, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


@pytest.mark.parametrize(
    ("before", "step", "found"),
    [
        ("", "scores, h = net(x, torch.zeros(1, len(x), 16))", ""),
        ("", "h = torch.zeros(1, len(x), 16)\n    scores, h = net(x, h)", ""),
        ("h = torch.zeros(1, 16, 16)", "scores, _ = net(x, h)", ""),
        ("h = None", "h = None\n    scores, h = net(x, h)", ""),
        ("h = torch.zeros(1, 16, 16)", "h = h.data\n    scores, h = net(x, h)", STATES[0]),
        ("h = torch.zeros(1, 16, 16)", "scores, h = net(x, h)\n    h = h.detach()", STATES[0]),
        ("h = torch.zeros(1, 16, 16)", "scores, h = net(x, h)", STATES[1]),
    ],
)
def test_states_between_batches(check_text: Judge, before: str, step: str, found: str) -> None:
    judged = check_text(program(WITH_STATE, train_with_state(before, step)))
    assert [rule for rule in STATES if judged.lines(rule)] == ([found] if found else [])


def test_a_language_model_may_carry_its_state(check_text: Judge) -> None:
    forward = """
    def forward(self, x, h):
        out, h = self.rnn(self.emb(x), h)
        return self.every(out), h
    """
    rest = """
    net = Net()
    optimizer = torch.optim.Adam(net.parameters())
    stream = torch.randint(1, 60, (16, 100))
    h = torch.zeros(1, 16, 16)
    for i in range(0, 90, 10):
        h = h.detach()
        scores, h = net(stream[:, i : i + 10], h)
        loss = F.cross_entropy(scores.reshape(-1, 60), stream[:, i + 1 : i + 11].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    """
    judged = check_text(program(forward, rest))
    assert [rule for rule in STATES if judged.lines(rule)] == []


BUILT_IN = "batch_size_built_into_the_model"


@pytest.mark.parametrize(
    ("size", "after", "found"),
    [
        ("x.size(0)", "", False),
        ("len(x)", "", False),
        ("x.shape[0]", "", False),
        ("n", "", False),
        ("self.batch_size", "net.batch_size = 4\n", False),
        ("self.batch_size", "", True),
        ("BATCH", "", True),
        ("16", "", True),
    ],
)
def test_first_states_of_one_size(check_text: Judge, size: str, after: str, found: bool) -> None:
    forward = f"""
    def forward(self, x):
        n = x.size(0)
        h0 = torch.zeros(1, {size}, 16)
        _, h = self.rnn(self.emb(x), h0)
        return self.fc(h[-1])
    """
    assert bool(check_text(program(forward, LOOP + after)).lines(BUILT_IN)) is found


MOVED = "model_never_moved_to_the_device"


@pytest.mark.parametrize(
    ("made", "move", "found"),
    [
        ("net = Net().to(device)", "x, y = x.to(device), y.to(device)", False),
        ("net = Net()\nnet.to(device)", "x, y = x.to(device), y.to(device)", False),
        ("net = Net()\nif torch.cuda.is_available():\n    net.cuda()", "x, y = x.to(device), y.to(device)", False),
        ("net = Net()\nnet = nn.DataParallel(net).to(device)", "x, y = x.to(device), y.to(device)", False),
        ("net = Net()", "x = x.float().long()", False),
        ("net = Net()", "pass", False),
        ("torch.set_default_device(device)\nnet = Net()", "x, y = x.to(device), y.to(device)", False),
        ("net = Net()", "x, y = x.to(device), y.to(device)", True),
        ("net = Net()", "x, y = x.cuda(), y.cuda()", True),
    ],
)
def test_models_that_are_moved(check_text: Judge, made: str, move: str, found: bool) -> None:
    rest = (
        f"{made}\noptimizer = torch.optim.Adam(net.parameters())\nfor x, y in loader:\n    {move}\n"
        "    loss = F.cross_entropy(net(x), y)\n    optimizer.zero_grad()\n    loss.backward()\n    optimizer.step()\n"
    )
    assert bool(check_text(program(PLAIN, rest)).lines(MOVED)) is found


AXES = ("no_batch_axis_given", "sentence_axis_in_the_wrong_place")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("torch.tensor([ids])", ""),
        ("torch.tensor(ids).unsqueeze(0)", ""),
        ("torch.tensor(ids).view(1, -1)", ""),
        ("torch.tensor(ids)[None]", ""),
        ("torch.tensor(ids).unsqueeze(1)", AXES[1]),
    ],
)
def test_axes_of_one_sentence(check_text: Judge, given: str, found: str) -> None:
    rest = (
        LOOP
        + f"\n\ndef predict(s):\n    ids = [len(w) for w in s.split()]\n    return net({given})\n\n\npredict('a b c')\n"
    )
    judged = check_text(program(PLAIN, rest))
    assert [rule for rule in AXES if judged.lines(rule)] == ([found] if found else [])


HIGHEST = "highest_probability_read_as_positive"


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("print(f'positive: {p[1].item()}')", False),
        ("print(f'confidence: {p.max().item()}')", False),
        ("print(f'{names[p.argmax().item()]}: {p.max().item()}')", False),
        ("print(f'positive or negative: {p.max().item()}')", False),
        ("if p.argmax() == 1:\n    print(f'positive {p.max().item()}')", False),
        ("print(f'positive: {p.max().item()}')", True),
    ],
)
def test_probabilities_that_are_named(check_text: Judge, said: str, found: bool) -> None:
    rest = LOOP + f"\nnames = ['neg', 'pos']\np = net(text[:1]).softmax(1)[0]\n{said}\n"
    assert bool(check_text(program(PLAIN, rest)).lines(HIGHEST)) is found


UNTRAINED = "prediction_with_untrained_weights"


@pytest.mark.parametrize(
    ("after", "found"),
    [
        ("net(text[:1])", False),
        ("other = Net()\nother.load_state_dict(net.state_dict())\nother(text[:1])", False),
        ("other = Net()\nfrom helpers import fill\nfill(other, 'x.pt')\nother(text[:1])", False),
        ("other = Net()\nother.load('x.pt')\nother(text[:1])", False),
        ("other = Net()\nother.eval()\nother(text[:1])", True),
    ],
)
def test_models_that_answer(check_text: Judge, after: str, found: bool) -> None:
    assert bool(check_text(program(PLAIN, LOOP + after + "\n")).lines(UNTRAINED)) is found


ORDER = "predictions_not_in_file_order"


@pytest.mark.parametrize(
    ("made", "kept", "found"),
    [
        ("DataLoader(text, batch_size=4)", "table['label'] = answers", False),
        ("DataLoader(text, batch_size=4, shuffle=True)", "print(len(answers))", False),
        ("DataLoader(text, batch_size=4, shuffle=True)", "results = {}\nresults['label'] = answers", False),
        ("DataLoader(text, batch_size=4, shuffle=True)", "out = pd.DataFrame({'label': answers})", False),
        ("DataLoader(text, batch_size=4, shuffle=True)", "table['label'] = answers", True),
        ("DataLoader(text, batch_size=4, shuffle=True)", "out = pd.DataFrame({'id': table['id'], 'y': answers})", True),
    ],
)
def test_answers_beside_rows(check_text: Judge, made: str, kept: str, found: bool) -> None:
    rest = (
        f"{LOOP}\ntable = pd.read_csv('test.csv')\nnew = {made}\nanswers = []\nfor x in new:\n"
        f"    answers.extend(net(x).argmax(1).tolist())\n{kept}\n"
    )
    assert bool(check_text(program(PLAIN, rest)).lines(ORDER)) is found
