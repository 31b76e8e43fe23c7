"""# The three-way split was read in the wrong order

**What happened.** `Dataset.split` of torchtext was given three ratios, and its three results were taken as training, test
and validation. It *takes* its ratios in that order (training, test, validation), but it *returns* training, **validation**,
test. The variable called test holds the validation reviews, and the other way round.

**Why it matters.** With ratios `[0.7, 0.2, 0.1]` of 50,000 reviews the variable `test_data` holds 5,000 reviews, not the
10,000 that were asked for: half the test, and every decision made on "validation" was made on the test reviews. The lecture
ran into this and could only say that the split came out "with a bug".

**Fix.** Unpack in the order that is returned, or split twice, in two.

```python bad
from torchtext.data import Dataset, Example, Field, LabelField

TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
examples = [Example.fromlist([f"review number {i}", str(i % 2)], fields) for i in range(100)]
dataset = Dataset(examples, fields)

train_data, test_data, valid_data = dataset.split([0.7, 0.2, 0.1])  # <- found here
print(len(train_data), len(valid_data), len(test_data))
```

```python good
from torchtext.data import Dataset, Example, Field, LabelField

TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
examples = [Example.fromlist([f"review number {i}", str(i % 2)], fields) for i in range(100)]
dataset = Dataset(examples, fields)

train_data, valid_data, test_data = dataset.split([0.7, 0.2, 0.1])
print(len(train_data), len(valid_data), len(test_data))
```
"""

import ast
from collections.abc import Iterator

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, place_of, trees
from rnnlab.rules.asking.tables import last_word
from rnnlab.rules.kit import Finding, Level, Role, Unseen, role_by_name, role_in_words, roles_in, rule


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Compare the names of the parts with the order in which torchtext, sklearn, sizes or an own function give them."""
    for key, text, tree in trees(record):
        for statement in all_nodes(tree):
            if isinstance(statement, ast.Assign) and (wrong := _disorder(record, statement)):
                yield Finding(place_of(key, text, statement), wrong[0], (), wrong[1])
    second = [
        fact for fact in record.ask(Data, what="split") if fact.counts.get("of") == 3 and fact.counts["position"] == 1
    ]
    yield from _torchtext(record, second)
    if not second and record.first(Data, what="split") is None:
        raise Unseen("no split of the data was seen")


def _torchtext(record: Record, second: list[Data]) -> Iterator[Finding]:
    for middle in second:
        last = next(
            fact
            for fact in record.ask(Data, what="split")
            if fact.place == middle.place and fact.n > middle.n and fact.counts["position"] == 2
        )
        roles = role_in_words(middle.name), role_in_words(last.name)
        if None in roles:
            raise Unseen("the three parts have names that do not say what they are for")
        if roles == ("test", "valid"):
            sizes = _sizes(middle), _sizes(last)
            yield Finding(
                middle.place,
                f"split() takes its ratios as train, test, valid but returns train, valid, test: '{middle.name}' holds the "
                f"{sizes[0]}validation reviews and '{last.name}' the {sizes[1]}test reviews. "
                f"Write them as train, valid, test on the left.",
                (middle.n, last.n),
                None if sizes[0] != sizes[1] or not sizes[0] else "habit",
            )


def _sizes(part: Data) -> str:
    """Return how many reviews a part has, or its share of them, and a space; nothing where neither is known."""
    if "examples" in part.counts:
        return f"{int(part.counts['examples']):,} "
    return f"{part.counts['share']:.0%} " if "share" in part.counts else ""


def _disorder(record: Record, statement: ast.Assign) -> tuple[str, Level | None] | None:
    """Say what is wrong with the order of the names on the left, and how sure that is; nothing where it fits, or where they do
    not tell."""
    target, call = statement.targets[0], statement.value
    if not isinstance(target, ast.Tuple) or not isinstance(call, ast.Call):
        return None
    names = [ast.unparse(name) for name in target.elts]
    roles: list[Role | None] = [role_by_name(name.rpartition(".")[2]) for name in names]
    if None in roles or len(set(roles)) < 2:
        return None
    word = last_word(call)
    if word == "train_test_split" and len(names) == 2 * sum(not isinstance(arg, ast.Starred) for arg in call.args):
        if "train" not in roles or _mostly_test(call) or not (why := _sides(names, roles)):
            return None
        # Who turns both sides of each array round may have given the sizes turned round as well.
        turned = all((role == "train") != (n % 2 == 0) for n, role in enumerate(roles))
        return why, "risk" if turned and not _sizes_are_written(call) else None
    for order, source, level in _orders(record, call, word):
        if len(order) == len(roles) and order != roles and sorted(map(str, order)) == sorted(map(str, roles)):
            wrong = next(n for n, role in enumerate(order) if role != roles[n])
            return (
                f"{source} in the order {', '.join(map(str, order))}: '{names[wrong]}' holds the {order[wrong]} part. "
                f"Write the names on the left in the same order."
            ), level
    return None


def _sizes_are_written(call: ast.Call) -> bool:
    """Say whether the shares are numbers in the call itself, or those that sklearn takes by itself."""
    sizes = [word.value for word in call.keywords if word.arg in ("test_size", "train_size")]
    return all(isinstance(size, ast.Constant) and not isinstance(size.value, int) for size in sizes)


def _mostly_test(call: ast.Call) -> bool:
    """Say whether the second part was asked to be the larger one: then it may well be what is trained on."""
    sizes = {word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)}
    test, train = sizes.get("test_size"), sizes.get("train_size")
    return (isinstance(test, float) and test > 0.5) or (isinstance(train, float) and train < 0.5)


def _sides(names: list[str], roles: list[Role | None]) -> str:
    """train_test_split returns the training part of an array, then its other part, then those of the next array."""
    for n, (name, role) in enumerate(zip(names, roles, strict=True)):
        if (role == "train") != (n % 2 == 0):
            part = "training" if n % 2 == 0 else "other"
            return (
                f"train_test_split returns for each array its training part, then its other part: '{name}' holds the {part} "
                f"part of array {n // 2 + 1}. Write the names on the left in the same order."
            )
    return ""


def _orders(record: Record, call: ast.Call, word: str) -> Iterator[tuple[list[Role | None], str, Level | None]]:
    """Return the orders that the sizes given, or the function called, tell."""
    if word == "random_split":
        for argument in call.args:
            if isinstance(argument, ast.List | ast.Tuple):
                yield [role_by_name(ast.unparse(size)) for size in argument.elts], "random_split was given sizes", None
    elif isinstance(call.func, ast.Name):
        defined = [
            node
            for _, _, tree in trees(record)
            for node in all_nodes(tree)
            if isinstance(node, ast.FunctionDef) and node.name == word
        ]
        if len(defined) == 1:
            source = f"{word}() returns its parts"
            for order, is_named in _returned(defined[0]):
                yield order, source, None if is_named else "risk"


def _returned(function: ast.FunctionDef) -> Iterator[tuple[list[Role | None], bool]]:
    """Return the order of the parts that a function returns, by their names; else by what its docstring says."""
    returns = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    if len(returns) != 1 or not isinstance(returns[0], ast.Tuple):
        return
    order: list[Role | None] = [role_by_name(ast.unparse(part)) for part in returns[0].elts]
    is_named = all(isinstance(part, ast.Name) for part in returns[0].elts) and None not in order
    if not is_named:
        order = [role for _, role in roles_in(ast.get_docstring(function) or "")]
    if None not in order and len(set(order)) == len(order):
        yield order, is_named
