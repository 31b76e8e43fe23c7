"""Dry runs: a few batches, two epochs, and nothing else changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from followed import TRAINING, ended, follow, shortened

from rnnlab.facts import Loop


def test_loaders_and_epochs_are_cut_and_their_sizes_stay(tmp_path: Path) -> None:
    program = """
    for epoch in range(9):
        for i, (x, y) in enumerate(loader): turns.append(step(x, y))
    sizes = len(loader), len(range(9)), epoch, i
    """
    record, variables = follow(tmp_path, TRAINING + program, dry=True)
    assert len(variables["turns"]) == 6 and variables["sizes"] == (12, 9, 1, 2)
    assert ended(record) == [("training", 12, 3), ("training", 12, 3), ("epochs", 9, 2)]
    assert all(loop.shortened for loop in record.ask(Loop) if loop.executed is not None)
    assert shortened(record) == ["all 12 batches of this pass", "all 9 epochs"]


@pytest.mark.parametrize(
    ("loop", "turns"),
    [
        ("while True:\n        turns.append(step(X, Y))\n        if len(turns) == 50: break", 3),
        ("while True:\n        for x, y in loader: turns.append(step(x, y))\n        if len(turns) == 500: break", 6),
        ("from tqdm import tqdm\n    for e in tqdm(range(9), disable=True):\n"
         "        for x, y in loader: turns.append(step(x, y))", 6),
        ("it = loader.__iter__()\n    for n in range(12): turns.append(step(*next(it)))", 3),
        ("it = iter(loader)\n    while True:\n        try: x, y = next(it)\n        except StopIteration: break\n"
         "        turns.append(step(x, y))", 3),
        ("def cut(n):\n        for i in range(0, 24, n): yield X[i:i+n], Y[i:i+n]\n"
         "    for e in range(9):\n        for x, y in cut(2): turns.append(step(x, y))", 6),
        ("for x in X: turns.append(model(x).sum().item())", 3),
        ("turns = [step(x, y) for x, y in loader]", 3),
        ("for epoch in range(9):\n        for x, y in loader: turns.append(step(x, y))\n        if epoch >= 0: break", 3),
        ("import itertools\n    for e in itertools.count():\n        for x, y in loader: turns.append(step(x, y))", 6),
        ("for model_name in ['a', 'b', 'c', 'd']:\n        for x, y in loader: turns.append(step(x, y))", 12),
        ("for word in 'a b c d e f'.split(): turns.append(word)", 6),
        ("for e in range(2):\n        for i in range(3): turns.append(step(X, Y))", 6),
    ],
    ids=["while batches", "while epochs", "tqdm", "by hand", "by hand, while", "generator", "hand-made predictions",
         "comprehension", "early stopping", "endless", "models", "words", "short enough"],
)  # fmt: skip
def test_every_way_to_write_a_training_loop_ends_early(tmp_path: Path, loop: str, turns: int) -> None:
    _, variables = follow(tmp_path, TRAINING + "\n    " + loop, dry=True)
    assert len(variables["turns"]) == turns


def test_a_loop_that_is_short_enough_is_not_called_shortened(tmp_path: Path) -> None:
    record, _ = follow(tmp_path, TRAINING + "\n    for e in range(2):\n        for i in range(3): step(X, Y)", dry=True)
    assert not shortened(record) and not any(loop.shortened for loop in record.ask(Loop))


def test_a_trainer_in_another_file_is_shortened_too(tmp_path: Path) -> None:
    trainer = """
        class Trainer:
            def __init__(self, step):
                self.training_step = step
            def run(self, loader):
                return [self.one(x, y) for x, y in loader]
            def one(self, x, y):
                loss = self.training_step(x, y)
                loss.backward()
                return loss.item()
            def fit(self, loader, epochs):
                losses = []
                for epoch in range(epochs):
                    losses += self.run(loader)
                return losses
    """
    program = """
    from trainers import Trainer
    turns = Trainer(lambda x, y: nn.functional.cross_entropy(model(x), y)).fit(loader, epochs=7)
    """
    record, variables = follow(tmp_path, TRAINING + program, dry=True, trainers=trainer)
    assert len(variables["turns"]) == 6
    assert ended(record)[-1] == ("epochs", 7, 2)
    assert any(loop.place is not None and loop.place.file.endswith("trainers.py") for loop in record.ask(Loop))


def test_a_full_run_runs_every_turn(tmp_path: Path) -> None:
    record, variables = follow(
        tmp_path, TRAINING + "\n    for e in range(3):\n        for x, y in loader: turns.append(0); step(x, y)"
    )
    assert len(variables["turns"]) == 36 and not shortened(record)
