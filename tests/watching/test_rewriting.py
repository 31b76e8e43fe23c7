"""Functions and loops of the learner's are seen, and compute, stand and look as they did."""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
from pathlib import Path

import pytest
from followed import TRAINING, ended, follow, line_of, scopes
from hypothesis import given
from hypothesis import strategies as some

from rnnlab.facts import Call, Loop, Said, Scope, TensorNote
from rnnlab.watching.reaching import Reach
from rnnlab.watching.rewriting import NAME, Sites, rewritten

EVERYTHING = '''
    """Documented."""
    from __future__ import annotations
    import asyncio, functools, inspect

    def plain(a, b=2, *rest, c, **more):
        "What it does."
        return [a, b, rest, c, more, sorted(locals())]

    def outer():
        count = 0
        def inner(step: int = 1):
            nonlocal count
            count += step
            return count
        inner(); inner(2)
        return inner

    def generated(n):
        for i in range(n):
            got = yield i
            if got:
                return got

    async def waiting(x):
        await asyncio.sleep(0)
        return x

    def twice(function):
        @functools.wraps(function)
        def both(*args):
            return function(*args), function(*args)
        return both

    class Base:
        kind = [k * 2 for k in range(3)]
        def __init__(self, value):
            self.value = value
        @property
        def doubled(self):
            return self.value * 2
        @classmethod
        def made(cls, value):
            return cls(value)
        @staticmethod
        @twice
        def free(x):
            if x: return x
        def __secret(self):
            return "secret"
        def told(self):
            return self.__secret()

    class Child(Base):
        def __init__(self, value):
            super().__init__(value + 1)
        def told(self):
            return super().told(), __class__.__name__

    def undecided(x):
        global changed
        changed = x
        try:
            return 1
        finally:
            changed += 1

    def unwinding(items):
        for x in items:
            while True:
                if x: break
                return "left"
        else:
            return "whole"

    def empty(): "Nothing but words."

    running = generated(3)
    next(running)
    def recurse(n): return 0 if not n else 1 + recurse(n - 1)
    RESULT = [
        plain(1, 3, 4, c=5, d=6), outer()(5), list(generated(2)), running.send(None), asyncio.run(waiting(3)),
        Base.made(4).doubled, Child(1).told(), Child.free(7), Base.kind, undecided(1), changed, unwinding([1, 2]),
        unwinding([0]), empty(), recurse(30), plain.__doc__, plain.__annotations__, inner_name := outer().__qualname__,
        str(inspect.signature(plain)), sorted(k for k in globals() if "rnnlab" in k), (lambda x: x + 1)(1),
        inspect.isgeneratorfunction(generated), inspect.iscoroutinefunction(waiting), __doc__,
    ]
'''


def test_every_kind_of_function_computes_what_it_computed(tmp_path: Path) -> None:
    alone: dict[str, object] = {"__name__": "__main__"}
    exec(compile(textwrap.dedent(EVERYTHING), "alone", "exec"), alone)
    record, variables = follow(tmp_path, EVERYTHING)
    assert variables["RESULT"] == alone["RESULT"]
    told = {function for function, _, _ in scopes(record)}
    assert {"plain", "outer", "outer.<locals>.inner", "generated", "waiting", "Child.told", "Base.__secret"} <= told
    assert "empty" not in told and "Base.__init__" in told


def test_no_line_and_no_column_of_the_learner_moves() -> None:
    text = textwrap.dedent(EVERYTHING) + textwrap.dedent(TRAINING)
    before = ast.parse(text)
    after = rewritten(text, "program.py", Reach([before]), Sites())
    assert _words(before) <= _words(after)
    assert {word for *_, word in _words(after) - _words(before)} > {NAME}


def _words(tree: ast.AST) -> set[tuple[object, ...]]:
    """Return every name and constant of a tree with its span."""
    return {
        (*_span(node), node.id if isinstance(node, ast.Name) else repr(node.value))
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Constant)
    }


def _span(node: ast.expr) -> tuple[int, int, int, int]:
    return node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0


@given(some.sampled_from(sorted(Path(ast.__file__).parent.glob("[a-d]*.py"))))
def test_any_file_still_compiles(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    compile(rewritten(text, str(path), Reach([ast.parse(text)]), Sites()), str(path), "exec", dont_inherit=True)


def test_a_function_tells_its_arguments_and_its_result(tmp_path: Path) -> None:
    program = """
        import torch
        def halve(numbers, by=2):
            return numbers / by
        halve(torch.zeros(4, 3))
    """
    record, _ = follow(tmp_path, program)
    into, out = record.ask(Scope)
    assert [(item.name, type(item.note).__name__) for item in into.inputs] == [
        ("numbers", "TensorNote"),
        ("by", "ValueNote"),
    ]
    assert line_of(into) == 5 and isinstance(out.output, TensorNote) and out.output.shape == (4, 3)
    assert out.seconds is not None and out.seconds >= 0
    division = record.first(Call, what="arithmetic")
    assert division is not None and division.inside == into.n and division.place is not None
    assert (
        record.text_of(division.place).splitlines()[3][division.place.column : division.place.end_column]
        == "numbers / by"
    )


def test_an_exception_leaves_every_scope_and_keeps_its_lines(tmp_path: Path) -> None:
    program = """
        def deep(x):
            return 1 / x
        def caught():
            try:
                deep(0)
            except ZeroDivisionError as error:
                return error.__traceback__.tb_next.tb_lineno
        line = caught()
    """
    record, variables = follow(tmp_path, program)
    assert variables["line"] == 3
    assert scopes(record) == [("caught", "into", 1), ("deep", "into", 1), ("caught", "out", 1)]


def test_a_small_function_called_often_folds_into_one_fact(tmp_path: Path) -> None:
    program = """
        import torch
        def tokenize(text): return text.split()
        def encode(text): return torch.tensor([len(w) for w in tokenize(text)])
        ids = [encode("a bb") for _ in range(1_000)]
        print("done")
    """
    record, _ = follow(tmp_path, program)
    assert len(record) < 30
    assert [times for function, phase, times in scopes(record) if function == "encode" and phase == "over"] == [997]
    assert sum(call.times for call in record.ask(Call, what="tensor")) == 1_000
    (over,), (said,) = record.ask(Scope, where=lambda s: s.phase == "over"), record.ask(Said)
    assert over.n < said.n and over.seconds is not None


def test_a_function_that_calls_itself_does_not_fill_the_record(tmp_path: Path) -> None:
    record, _ = follow(tmp_path, "def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\nfib(16)\n")
    assert len(record) < 1_000
    assert record.fact(len(record) - 1).inside is None


def test_a_function_of_a_loop_turn_is_told_once(tmp_path: Path) -> None:
    record, variables = follow(
        tmp_path, TRAINING + "\n    for epoch in range(3):\n        for x, y in loader: turns.append(step(x, y))"
    )
    assert len(variables["turns"]) == 36
    assert scopes(record) == [("step", "into", 1), ("step", "out", 1)]


def test_nothing_stays_behind_and_old_functions_still_run(tmp_path: Path) -> None:
    _, variables = follow(
        tmp_path,
        TRAINING + "\n    def again(n):\n        while n:\n            for x in [n]: step(X, Y)\n            n -= 1",
    )
    silent = vars(builtins)[NAME]
    try:
        variables["again"](2)
        assert inspect.getsource(variables["step"]).startswith("def step(x, y):")
    finally:
        del vars(builtins)[NAME]
    assert type(silent).__name__ == "_Silent"


# --- loops ---------------------------------------------------------------------------------------------------------------


def test_epochs_and_batches_are_told_apart(tmp_path: Path) -> None:
    record, _ = follow(tmp_path, TRAINING + "\n    for epoch in range(2):\n        for x, y in loader: step(x, y)")
    assert ended(record) == [("training", 12, 12), ("training", 12, 12), ("epochs", 2, 2)]
    assert [loop.kind for loop in record.ask(Loop)] == [
        "epochs",
        "batches",
        "training",
        "batches",
        "training",
        "epochs",
    ]


@pytest.mark.parametrize(
    ("loop", "kinds"),
    [
        ("for i in range(0, 24, 6): step(X[i:i+6], Y[i:i+6])", ["training"]),
        ("n = 0\n    while n < 24:\n        step(X[n:n+6], Y[n:n+6]); n += 6", ["training"]),
        ("for e in range(2):\n        for i in range(0, 24, 6): step(X[i:i+6], Y[i:i+6])", ["training", "training", "epochs"]),
        ("for e in range(2):\n        for phase in ['train', 'valid']:\n            for x, y in loader:\n"
         "                step(x, y) if phase == 'train' else model(x)",
         ["training", "evaluation", "turns", "training", "evaluation", "turns", "epochs"]),
        ("for fold in range(1):\n        for e in range(1):\n            for x, y in loader: step(x, y)",
         ["training", "epochs", "rounds"]),
        ("for x in X[:3]: model(x)", ["turns"]),
        ("def epoch():\n        return [step(x, y) for x, y in loader]\n    for e in range(1): epoch()", ["training", "epochs"]),
        ("for e in range(1):\n        it = iter(loader)\n        for _ in range(12): step(*next(it))",
         ["training", "turns", "epochs"]),
        ("for word in 'a b c'.split(): turns.append(word)", []),
    ],
    ids=["hand-made batches", "while", "epochs of hand-made batches", "phases", "folds", "predictions", "in a function",
         "by next", "words"],
)  # fmt: skip
def test_a_loop_is_what_its_turns_do(tmp_path: Path, loop: str, kinds: list[str]) -> None:
    record, _ = follow(tmp_path, TRAINING + "\n    " + loop)
    assert [kind for kind, _, _ in ended(record)] == kinds


def test_a_loop_that_is_broken_off_or_raises_ends_where_it_did(tmp_path: Path) -> None:
    program = """
    for epoch in range(5):
        for x, y in loader: step(x, y)
        if epoch == 1: break
    try:
        while True:
            step(X, Y)
            raise KeyError
    except KeyError:
        turns = "survived"
    """
    record, variables = follow(tmp_path, TRAINING + program)
    assert ended(record)[-2:] == [("epochs", 5, 2), ("training", None, 1)]
    assert variables["turns"] == "survived"


def test_a_pass_that_an_exception_left_in_its_first_turn_is_no_evaluation(tmp_path: Path) -> None:
    program = """
    for x, y in loader: step(x, y)
    try:
        for x, y in loader:
            torch.nn.functional.mse_loss(model(x), model(x) + 1)
            raise KeyError
    except KeyError:
        pass
    """
    record, _ = follow(tmp_path, TRAINING + program)
    assert [kind for kind, _, _ in ended(record)] == ["training", "batches"]


def test_a_pass_that_trains_by_hand_keeps_its_first_and_last_loss(tmp_path: Path) -> None:
    record, variables = follow(
        tmp_path, TRAINING + "\n    for i in range(0, 24, 6): turns.append(step(X[i:i+6], Y[i:i+6]))"
    )
    from rnnlab.facts import Data

    done = record.last(Data, what="training pass")
    assert done is not None and done.made_from == ()
    assert done.counts["last_loss"] == pytest.approx(variables["turns"][-1])
