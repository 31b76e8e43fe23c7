"""What a dry run answers where a program asks its user: arguments of the command line, lines of text, the environment, a GPU."""

from __future__ import annotations

import argparse
import ast
import builtins
import contextlib
import functools
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rnnlab.watching.bridges.imports import placed
from rnnlab.watching.bridges.telling import Teller
from rnnlab.watching.budget import OutOfTime

# What a whole number is for, by words in its name; anything else gets 2.
_NUMBERS = (
    (r"batch", 16), (r"epoch|iter", 2), (r"layer", 1), (r"len|words|tokens|truncat", 40), (r"vocab|feature|max", 2000),
    (r"hid|emb|dim|size|unit|width", 32), (r"class|label|output", 2), (r"seed", 1), (r"worker|gpu|cuda|rank|device", 0),
    (r"fold", 2), (r"freq|min|count", 1),
)  # fmt: skip
_SHARES = ((r"lr|rate|decay|eps", 0.001), (r"drop|split|valid|test|ratio|frac", 0.2))
_FILES = (
    (r"glove|vec|emb", "glove.6B.100d.txt"), (r"train", "train.csv"), (r"test|eval", "test.csv"), (r"val|dev", "valid.csv"),
    (r"model|check|weight|ckpt|save|out|log", "made_up.pt"),
    (r"data|file|path|csv|corpus|input|review|root|dir|folder", "reviews.csv"),
    (r"text|sentence|query|message", "The film was really great"), (r"name|label", "lstm"),
)  # fmt: skip
_PREFERRED = ("train", "lstm", "cpu", "sgd", "adam", "imdb")
_ENVIRONMENT = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}
_ANSWERS = ("The film was really great and I loved the story", "", "quit", "exit", "q")


def stand_in_for_the_user(teller: Teller, sources: Sequence[str], undo: contextlib.ExitStack) -> None:
    """Answer what the program asks for, as long as the context is open."""
    parse = argparse.ArgumentParser.parse_known_args
    undo.enter_context(placed(argparse.ArgumentParser, "parse_known_args", _parsing(teller, parse)))
    undo.enter_context(placed(builtins, "input", _answering(teller)))
    environment: Any = type(os.environ)
    undo.enter_context(placed(environment, "__getitem__", _looking_up(teller, vars(environment)["__getitem__"])))
    if len(sys.argv) == 1 and (added := missing_arguments(sources)):
        sys.argv.extend(added)
        undo.callback(lambda: sys.argv.__delitem__(slice(1, None)))
        teller.tell(f"{len(added)} arguments of the command line", f"{' '.join(map(repr, added))} stood there instead")


# --- arguments -------------------------------------------------------------------------------------------------------


def _parsing(teller: Teller, original: Callable[..., Any]) -> Callable[..., Any]:
    """Complete the arguments that a parser requires and did not get."""

    @functools.wraps(original)
    def parse_known_args(parser: Any, args: Any = None, namespace: Any = None, **options: Any) -> Any:
        given = list(sys.argv[1:] if args is None else args)
        added = [] if given else required_arguments(parser)
        if added:
            teller.tell("arguments of the command line", f"it was run with {' '.join(added)}")
        return original(parser, [*given, *added], namespace, **options)

    return parse_known_args


def required_arguments(parser: argparse.ArgumentParser) -> list[str]:
    """Return a command line with all that a parser asks for: options first, then what is known by its position."""
    options: list[str] = []
    positions: list[str] = []
    one_of = [group._group_actions[0] for group in parser._mutually_exclusive_groups if group.required]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            # A program with several commands needs one, whether or not its parser says so.
            name = _chosen(list(action.choices))
            positions += [name, *required_arguments(action.choices[name])] if name else []
        elif action.required or action in one_of:
            (options if action.option_strings else positions).extend(_of_action(action))
    return [*options, *positions]


def _of_action(action: argparse.Action) -> list[str]:
    flags = [flag for flag in action.option_strings if flag.startswith("--")] or list(action.option_strings)
    if action.nargs == 0:
        return flags[:1]
    number = action.nargs if isinstance(action.nargs, int) else 1
    if action.nargs in {"?", "*"} and not flags:
        return []
    word = _chosen(list(action.choices)) if action.choices else made_up_word(action.dest, _type_name(action.type))
    return [*flags[:1], *[word] * number]


def _type_name(kind: Any) -> str:
    return "" if kind is None else str(getattr(kind, "__name__", ""))


def _chosen(choices: list[Any]) -> str:
    words = [str(choice) for choice in choices]
    return next((word for word in words if word.lower() in _PREFERRED), words[0] if words else "")


def made_up_word(name: str, kind: str = "") -> str:
    """Return a word of the command line for what has this name: a number, a share, a file, or a text."""
    name = name.lower()
    if kind == "int":
        return str(_first(_NUMBERS, name, 2))
    if kind == "float":
        return str(_first(_SHARES, name, 0.5))
    if "bool" in kind:
        return "True"
    return str(_first(_FILES, name, "reviews.csv"))


def _first(known: Iterable[tuple[str, Any]], name: str, otherwise: Any) -> Any:
    return next((value for pattern, value in known if re.search(pattern, name)), otherwise)


def missing_arguments(sources: Iterable[str]) -> list[str]:
    """Return words for `sys.argv[1]` and its kind, up to the last that the program reads without asking whether it is there."""
    words: dict[int, str] = {}
    for source in sources:
        with contextlib.suppress(SyntaxError, ValueError, RecursionError):
            _collect_arguments(ast.parse(source), words, "", "", guarded=False)
    return [words.get(number, "reviews.csv") for number in range(1, max(words, default=0) + 1)]


def _collect_arguments(node: ast.AST, words: dict[int, str], name: str, kind: str, guarded: bool) -> None:
    if isinstance(node, ast.If | ast.IfExp) and "sys.argv" in ast.unparse(node.test):
        # `sys.argv[1] if len(sys.argv) > 1 else "imdb.csv"`: the program knows what to do without.
        guarded = True
    if isinstance(node, ast.Assign):
        name = ast.unparse(node.targets[0])
    if isinstance(node, ast.Call):
        kind = node.func.id if isinstance(node.func, ast.Name) else kind
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) in {"sys.argv", "argv"} and not guarded:
        number = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if isinstance(number, int) and 0 < number < 20:
            words.setdefault(number, made_up_word(name, kind))
    for child in ast.iter_child_nodes(node):
        _collect_arguments(child, words, name, kind, guarded)


# --- lines and the environment ---------------------------------------------------------------------------------------


def _answering(teller: Teller) -> Callable[..., str]:
    waiting = list(_ANSWERS)

    def answered(prompt: object = "") -> str:
        print(prompt, end="")
        if not waiting:
            # Whoever asks on after all these words asks forever.
            raise OutOfTime
        answer = waiting.pop(0)
        teller.tell("a line of text, which nobody types in", f"{answer!r} was read instead")
        return answer

    return answered


def _looking_up(teller: Teller, original: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(original)
    def looked_up(environment: Any, name: str) -> str:
        try:
            return original(environment, name)
        except KeyError:
            # `os.environ.get` comes by here as well, and knows what to do without.
            if not teller.learner_calls(sys._getframe(1)):
                raise
        made_up = _ENVIRONMENT.get(name, "made-up")
        teller.tell(f"{name} in the environment, which is not set", f"{made_up!r} was used instead")
        return made_up

    return looked_up
