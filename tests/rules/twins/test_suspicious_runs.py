"""What a run shows to be suspicious, and what looks like it: the loss of guessing, one class for all, every answer right."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from forks import Judged

Judge = Callable[[str], Judged]

PROGRAM = """
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset


class Constant(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(1, 2, batch_first=True)
        self.scores = nn.Parameter(torch.tensor({scores}))

    def forward(self, text):
        return self.scores.expand(len(text), {classes})


torch.manual_seed(1)
text = torch.randint(1, 60, (400, 6))
label = {label}
train_data, test_data = TensorDataset(text[:{cut}], label[:{cut}]), TensorDataset(text[{cut}:], label[{cut}:])
train_loader = DataLoader(train_data, batch_size={batch}, shuffle=True)
test_loader = DataLoader(test_data, batch_size=20)
model = Constant()
optimizer = torch.optim.SGD(model.parameters(), lr={rate})


def train():
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()


def test(loader):
    correct = 0
    with torch.no_grad():
        for text, label in loader:
            correct += (model(text).argmax(1) == label).sum().item()
    return correct


{run}
"""
DEFAULTS = {
    "scores": "[0.5, 0.5]",
    "classes": 2,
    "label": "torch.arange(400) % 2",
    "cut": 200,
    "batch": 10,
    "rate": "0.0",
    "run": "train()\nprint(test(test_loader))",
}


def found(judged: Judged) -> set[str]:
    return {finding.rule for finding in judged.found}


def message(judged: Judged, rule: str) -> str:
    return next((finding.message for finding in judged.found if finding.rule == rule), "")


def program(**changed: object) -> str:
    return PROGRAM.format(**{**DEFAULTS, **changed})


GUESSING, ONE_CLASS, PERFECT = "loss_stays_at_guessing", "one_class_for_every_review", "perfect_score_believed"


def test_a_loss_of_ln_2_through_an_epoch_is_guessing(judge_text: Judge) -> None:
    judged = judge_text(program())
    assert judged.lines(GUESSING)
    assert "ln(2) = 0.6931" in message(judged, GUESSING)


def test_three_classes_guess_at_ln_3(judge_text: Judge) -> None:
    three = {"scores": "[0.5, 0.5, 0.5]", "classes": 3, "label": "torch.arange(400) % 3"}
    assert "ln(3) = 1.0986" in message(judge_text(program(**three)), GUESSING)


@pytest.mark.parametrize(
    ("why", "changed"),
    [
        ("the loss of two classes is none of three", {"scores": "[0.7, 0.7, -9.0]", "classes": 3}),
        ("unequal classes have a lower loss", {"scores": "[1.0, 0.0]", "label": "(torch.arange(400) % 4 == 0).long()"}),
        ("three batches say little", {"batch": 70}),
        (
            "it was so in the first epoch alone",
            {"label": "torch.zeros(400).long()", "rate": "2.0", "run": "for epoch in range(2):\n    train()"},
        ),
    ],
)
def test_other_losses_are_no_guessing(judge_text: Judge, why: str, changed: dict[str, object]) -> None:
    assert GUESSING not in found(judge_text(program(**changed))), why


def test_the_same_answer_for_every_review_is_found_with_its_share(judge_text: Judge) -> None:
    judged = judge_text(program(label="(torch.arange(400) % 4 == 0).long()"))
    assert "all 200 reviews were put in one class" in message(judged, ONE_CLASS)
    assert "75.0%" in message(judged, ONE_CLASS)


def test_one_class_before_the_last_epoch_is_no_mistake(judge_text: Judge) -> None:
    both = (
        "train()\nprint(test(test_loader))\nmodel.forward = lambda text: model.scores + F.one_hot(text[:, 0] % 2, 2)\n"
    )
    run = both.replace("train()", "for last in (False, True):\n    train()").replace("\nprint", "\n    print")
    run = run.replace("\nmodel", "\n    model")
    assert ONE_CLASS not in found(judge_text(program(run=run)))


def test_one_class_where_the_labels_name_one_is_a_perfect_score(judge_text: Judge) -> None:
    judged = judge_text(program(label="torch.zeros(400).long()"))
    assert ONE_CLASS not in found(judged)
    assert "one class only" in message(judged, PERFECT)


def test_every_training_review_may_be_right(judge_text: Judge) -> None:
    alone = {"label": "torch.zeros(400).long()", "run": "train()\nprint(test(train_loader))"}
    assert PERFECT not in found(judge_text(program(**alone)))


def test_every_answer_of_a_few_may_be_right(judge_text: Judge) -> None:
    assert PERFECT not in found(judge_text(program(label="torch.zeros(400).long()", cut=340)))


LOADING = """
import torch
from torch import nn
from torch.utils.data import random_split
from sklearn.model_selection import train_test_split

rows = torch.load("rows.pt")


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(8, 16)

    def forward(self, text):
        return self.rnn(text)[1][-1]


def load():
    model = Classifier()
    model.load_state_dict(torch.load("weights.pt"))
    return model


def fit(model):
    loss = model(rows[0]).sum()
    loss.backward()


"""
DRAWN = "split_drawn_again_for_the_checkpoint"


@pytest.mark.parametrize(
    "split",
    [
        "train, test = train_test_split(rows, test_size=0.2)",
        "train, test = random_split(rows, [80, 20])",
    ],
)
def test_a_split_is_drawn_again_for_loaded_weights(check_text: Judge, split: str) -> None:
    body = f"model = load()\n{split}\nprint((model(test).argmax(1) == test.label).sum())\n"
    assert check_text(LOADING + body).lines(DRAWN)


@pytest.mark.parametrize(
    ("why", "body"),
    [
        ("its seed is given", "model = load()\ntrain, test = train_test_split(rows, random_state=1)\n"),
        ("torch is seeded", "torch.manual_seed(3)\nmodel = load()\ntrain, test = random_split(rows, [80, 20])\n"),
        (
            "training goes on from the weights",
            "model = load()\ntrain, test = random_split(rows, [80, 20])\nfit(model)\n",
        ),
        ("the order is kept", "model = load()\ntrain, test = train_test_split(rows, shuffle=False)\n"),
        ("nothing is loaded", "model = Classifier()\ntrain, test = random_split(rows, [80, 20])\n"),
        ("a text is split into words", "model = load()\nprint([line.split() for line in open('rows.txt')])\n"),
    ],
)
def test_these_splits_are_the_same_or_belong_to_a_training(check_text: Judge, why: str, body: str) -> None:
    assert DRAWN not in found(check_text(LOADING + body)), why
