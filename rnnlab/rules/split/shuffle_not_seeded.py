"""# Torch is seeded, the shuffle is not

**What happened.** The program calls `torch.manual_seed`, but its split draws from another generator (`random`, numpy,
sklearn), which nothing seeded.

**Why it matters.** Every run tests on other reviews, so two runs cannot be compared. With 1,000 test reviews and an accuracy
of 85 %, chance alone moves the score by 1.1 points (its standard deviation).

**Fix.** Seed that generator as well: `random.seed(1)`, `np.random.seed(1)`, `random_state=1`.

```python bad
import random

import torch

torch.manual_seed(1)
rows = [(f"review number {i}", i % 2) for i in range(100)]
random.shuffle(rows)  # <- found here
train_rows, test_rows = rows[:80], rows[80:]
print(len(train_rows), len(test_rows))
```

```python good
import random

import torch

random.seed(1)
torch.manual_seed(1)
rows = [(f"review number {i}", i % 2) for i in range(100)]
random.shuffle(rows)
train_rows, test_rows = rows[:80], rows[80:]
print(len(train_rows), len(test_rows))
```
"""

import ast
from collections.abc import Iterator

from rnnlab.record import Record
from rnnlab.rules.asking.seeding import unseeded
from rnnlab.rules.asking.syntax import place_of, trees, with_parents
from rnnlab.rules.kit import Finding, Unseen, rule

_ALL = ("seed_everything", "set_seed", "fix_seed", "set_random_seed", "seed_all", "default_rng", "setup_seed")


@rule(level="habit", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for shuffles and splits whose generator is never seeded, in programs that seed torch."""
    files = list(trees(record))
    whole = "\n".join(text for _, text, _ in files)
    if "manual_seed(" not in whole:
        raise Unseen("the program seeds nothing of torch: it does not ask to be repeated")
    if any(name in whole for name in _ALL):
        return
    for key, text, tree in files:
        shuffles = [node for node, around in with_parents(tree) if _is_call(node) and not _is_for_each_epoch(around)]
        others = "\n".join(other for name, other, _ in files if name != key)
        for node in shuffles:
            if isinstance(node, ast.Call) and (seed := unseeded(node, f"{others}\n{_before(tree, text, node)}")):
                yield Finding(
                    place_of(key, text, node),
                    f"torch is seeded, but {ast.unparse(node)[:70]} draws from a generator that is not: every run splits "
                    f"otherwise, and two scores cannot be compared. {seed}.",
                )


def _before(tree: ast.Module, text: str, call: ast.Call) -> str:
    """Return what a file does before a call: all of it, but for the seeds of the module that stand below a call of the module."""
    lines = text.split("\n")
    if not any(
        isinstance(one, ast.stmt)
        and one.lineno <= call.lineno <= (one.end_lineno or 0)
        and not isinstance(one, ast.FunctionDef | ast.ClassDef)
        for one in tree.body
    ):
        return text
    late = [
        one.lineno for one in tree.body if isinstance(one, ast.Expr) and one.lineno > (call.end_lineno or call.lineno)
    ]
    return "\n".join(line for n, line in enumerate(lines, 1) if n not in late)


def _is_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call)


def _is_for_each_epoch(around: tuple[ast.AST, ...]) -> bool:
    """The order of batches is no split: what is shuffled in a loop or in a class's method is drawn again and again."""
    return any(isinstance(one, ast.For | ast.While | ast.ClassDef) for one in around)
