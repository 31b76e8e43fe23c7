"""# The random state that was given is None

**What happened.** `random_state=random.seed(1)` seeds `random`, and then hands on what `seed` returns, which is `None`.

**Why it matters.** The split itself gets no state. In the program below this does no harm, since torchtext shuffles with
`random`, which was just seeded: 10 of 10 splits are the same. With sklearn or numpy, whose own generator was not seeded, all
10 differ. It does not say what it does.

**Fix.** Seed on a line of its own, and give `random.getstate()` to torchtext, the number itself to sklearn and pandas.

```python bad
import random

from torchtext.data import Dataset, Example, Field, LabelField

TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
examples = [Example.fromlist([f"review number {i}", str(i % 2)], fields) for i in range(100)]
dataset = Dataset(examples, fields)
train_data, test_data = dataset.split(0.8, random_state=random.seed(1))  # <- found here
print(len(train_data), len(test_data))
```

```python good
import random

from torchtext.data import Dataset, Example, Field, LabelField

random.seed(1)
TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
examples = [Example.fromlist([f"review number {i}", str(i % 2)], fields) for i in range(100)]
dataset = Dataset(examples, fields)
train_data, test_data = dataset.split(0.8, random_state=random.getstate())
print(len(train_data), len(test_data))
```
"""

import ast
from collections.abc import Iterator

from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, place_of, trees
from rnnlab.rules.kit import Finding, Unseen, rule

_STATES = {"random_state", "seed", "generator", "rng"}
_SEEDS = {"random.seed", "np.random.seed", "numpy.random.seed", "torch.cuda.manual_seed", "torch.cuda.manual_seed_all"}


@rule(level="habit", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for states that are given as what a seeding function returns."""
    looked = False
    for key, text, tree in trees(record):
        none = {ast.unparse(n.targets[0]) for n in all_nodes(tree) if isinstance(n, ast.Assign) and _is_none(n.value)}
        for call in all_nodes(tree):
            for given in call.keywords if isinstance(call, ast.Call) else ():
                if given.arg not in _STATES:
                    continue
                looked = True
                if _is_none(given.value) or ast.unparse(given.value) in none:
                    yield Finding(
                        place_of(key, text, given.value),
                        f"{given.arg} is None here: {ast.unparse(given.value)} is what a seeding function returned, and it "
                        f"returns nothing. Seed on a line of its own and give the number (torchtext: random.getstate()).",
                    )
    if not looked:
        raise Unseen("no call is given a random state")


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func) in _SEEDS
