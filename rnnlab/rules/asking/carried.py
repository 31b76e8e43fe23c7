"""States that an RNN takes over from the batch before: which call gave them, and whether they were cut off from its graph."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from rnnlab.facts import Call, Fact, Named, Place, Scope, makers, tensors
from rnnlab.operations import LOSSES, RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.passes import passes
from rnnlab.rules.asking.states import CELLS
from rnnlab.rules.asking.syntax import all_nodes, function_around, place_of, tree_at, trees
from rnnlab.rules.kit import expression

_RNNS = RECURRENT | CELLS
# What changes the numbers of every step and keeps all the steps: a model of texts has nothing else behind its RNN.
_KEEPS_STEPS = frozenset(
    "linear view flatten to dropout permute transpose t relu tanh activation sigmoid softmax log_softmax layer_norm "
    "pad_packed_sequence".split()
)
_NEAR = 16  # lines


@dataclass(frozen=True)
class Carried:
    """A state that crossed a backward pass: who reads it, who gave it, what it went through last, and whether it was cut off."""

    reader: Call
    giver: Call
    last: Call
    is_cut: bool


def cuts_the_graph(record: Record, call: Call) -> bool:
    """Say whether an operation gives its numbers without their graph: `detach()`, `.data`."""
    text = expression(record, call.place)
    return call.what == "to" and ("detach" in text or text.endswith(".data"))


def carried_states(record: Record) -> list[Carried]:
    """Return the states that RNNs take over from the batch before, one for each place of reading, while training."""
    backward = [call.n for call in record.ask(Call, what="backward")]
    found: dict[Place | None, Carried] = {}
    if not backward:
        return list(_carried_in_evaluation(record))
    for reader in record.ask(Call, where=lambda call: call.what in _RNNS and call.grad_on is not False):
        before = [n for n in backward if n < reader.n]
        if before and reader.place not in found:
            for carried in _behind(record, reader, before[-1]):
                found.setdefault(reader.place, carried)
    return list(found.values())


def _carried_in_evaluation(record: Record) -> Iterator[Carried]:
    """Return the states that go from batch to batch in a program which only evaluates."""
    done: set[Place | None] = set()
    for one in passes(record, "evaluation"):
        for reader in (call for call in one.calls(record) if call.what in _RNNS and call.place not in done):
            for carried in _behind(record, reader, reader.n):
                if one.begin < carried.giver.n:
                    done.add(reader.place)
                    yield carried
                    break


def _behind(record: Record, reader: Call, backward: int) -> Iterator[Carried]:
    waiting: list[tuple[int, Call | None, bool]] = [
        (n, None, False) for item in reader.inputs[1:] for n in sorted(makers(item.note))
    ]
    seen: set[tuple[int, bool]] = set()
    while waiting:
        n, last, is_cut = waiting.pop(0)
        fact = record.fact(n) if 0 <= n < len(record) else None
        if (n, is_cut) in seen or not isinstance(fact, Call):
            continue
        seen.add((n, is_cut))
        if fact.what in _RNNS:
            if n < backward and _is_same_layer(fact, reader):
                yield Carried(reader, fact, last or fact, is_cut)
            continue
        is_cut = is_cut or cuts_the_graph(record, fact)
        waiting += [(m, last or fact, is_cut) for item in fact.inputs for m in sorted(makers(item.note))]


def _is_same_layer(one: Call, other: Call) -> bool:
    return one.what == other.what and one.place == other.place


def shown_at(record: Record, carried: Carried) -> Place | None:
    """Return the line to change: where the state is cut off, if that stands shortly before it is handed over; else that line."""
    given, cut = given_at(record, carried), carried.last.place
    if given is None or cut is None or not carried.is_cut or (given.file, given.cell) != (cut.file, cut.cell):
        return given
    is_near = 0 < given.line - cut.line <= _NEAR
    return cut if is_near and function_around(record, given) is function_around(record, cut) else given


def given_at(record: Record, carried: Carried) -> Place | None:
    """Return the line where the state is handed over: the call of the model that is given it, or the RNN's own."""
    scope = record.fact(carried.reader.inside) if carried.reader.inside is not None else None
    if isinstance(scope, Scope) and _state_in_words(record, carried.reader) & _parameters(record, carried.reader.place):
        return scope.place
    return carried.reader.place


def _state_in_words(record: Record, reader: Call) -> set[str]:
    """Return the names of the states that are written in an RNN's call."""
    call = tree_at(record, reader.place)
    given = [*call.args[1:], *(word.value for word in call.keywords)] if isinstance(call, ast.Call) else []
    return {name.id for one in given for name in ast.walk(one) if isinstance(name, ast.Name) and name.id != "self"}


def _parameters(record: Record, place: Place | None) -> set[str]:
    """Return what the function that a place stands in is given."""
    function = function_around(record, place)
    return {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)} if function is not None else set()


def answers_about_each_text(record: Record, carried: Carried) -> bool | None:
    """Say whether the loss is about one answer for each text, and not about each of its words; None where that was not seen."""
    answers: bool | None = None
    runs = {carried.reader.n, carried.giver.n}
    for loss in record.ask(Call, where=lambda call: call.what in LOSSES):
        reached, is_reduced = _walk(record, loss, runs)
        if reached:
            answers = bool(answers) or is_reduced
    if answers is None:
        # A loss that is written by hand: what is chosen inside the model is chosen for the answer.
        for backward in record.ask(Call, what="backward"):
            reached, is_reduced = _walk(record, backward, runs, inside=True)
            answers = bool(answers) or is_reduced if reached else answers
    return answers


def _walk(record: Record, loss: Call, runs: set[int], *, inside: bool = False) -> tuple[bool, bool]:
    """Return whether a loss reads what these runs gave, and whether a step was chosen or several were put together between."""
    waiting = [(n, False) for item in loss.inputs[:1] for n in makers(item.note)]
    seen: set[tuple[int, bool]] = set()
    reached = is_reduced = False
    while waiting:
        n, chosen = waiting.pop()
        fact: Fact | None = record.fact(n) if 0 <= n < len(record) else None
        if (n, chosen) in seen or not isinstance(fact, Call):
            continue
        seen.add((n, chosen))
        if fact.what in _RNNS:
            if n in runs:
                reached, is_reduced = True, is_reduced or chosen
            continue
        waiting += [
            (
                m,
                chosen
                or ((fact.what not in _KEEPS_STEPS or _is_final(item)) and not (inside and fact.training is None)),
            )
            for item in fact.inputs
            for m in makers(item.note)
        ]
    return reached, is_reduced


def _is_final(item: Named) -> bool:
    return any(axis.name.startswith("layers") for axis in getattr(item.note, "axes", ()))


def takes_unknown_states(record: Record) -> bool:
    """Say whether an RNN that is trained begins with something of which it is not known what made it.

    A run tells of equal batches once, and so does not say whose state the later ones began with.
    """
    return any(
        call.times > 1 if call.seen_by == "run" else not note.made_by
        for call in record.ask(Call, where=lambda call: call.what in _RNNS and call.grad_on is not False)
        for item in call.inputs[1:]
        for note in tensors(item.note)
    )


# --- states of models that were not seen ---------------------------------------------------------------------------


@dataclass(frozen=True)
class WrittenCarry:
    """A loop that trains a model which was not seen, cuts its state off and hands it on: where it is cut off, and handed over."""

    name: str
    cut: Place
    given: Place
    loop: ast.For


def written_carries(record: Record) -> Iterator[WrittenCarry]:
    """Return the loops over batches in which `h = h.detach()` is followed by `answer, h = model(text, h)` and a backward pass."""
    for key, text, tree in trees(record):
        for node in all_nodes(tree):
            if isinstance(node, ast.For) and any(_is_called(one, "backward") for one in ast.walk(node)):
                yield from _carried_in(key, text, node)


def _carried_in(key: str, text: str, loop: ast.For) -> Iterator[WrittenCarry]:
    assigned: dict[str, list[ast.Assign]] = {}
    for node in _in_this_loop(loop):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            for name in _written_names(node.targets[0]):
                assigned.setdefault(name, []).append(node)
    for name, nodes in assigned.items():
        cuts = [node for node in nodes if isinstance(node.targets[0], ast.Name) and _cuts_off(node.value, name)]
        given = [node for node in nodes if node not in cuts and _hands_on(node, name)]
        if cuts and given and len(cuts) + len(given) == len(nodes):
            yield WrittenCarry(name, place_of(key, text, cuts[0]), place_of(key, text, given[0].value), loop)


def _in_this_loop(loop: ast.For) -> Iterator[ast.AST]:
    """Return what stands in a loop, and not in a loop inside it."""
    waiting: list[ast.AST] = list(loop.body)
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, ast.For | ast.While | ast.FunctionDef):
            waiting += list(ast.iter_child_nodes(node))


def _written_names(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _is_called(node: ast.AST, method: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method


def _cuts_off(value: ast.expr, name: str) -> bool:
    """Say whether a state is made of itself without its graph: `h.data`, `tuple(each.detach() for each in h)`."""
    reads = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    cuts = any(isinstance(node, ast.Attribute) and node.attr in ("data", "detach") for node in ast.walk(value))
    return name in reads and cuts


def _hands_on(node: ast.Assign, name: str) -> bool:
    """Say whether a call is given the state and gives it back, with an answer: `answer, h = model(text, h)`."""
    target, call = node.targets[0], node.value
    if not isinstance(target, ast.Tuple) or len(target.elts) < 2 or not isinstance(call, ast.Call):
        return False
    given = [*call.args, *(word.value for word in call.keywords)]
    return len(given) > 1 and any(isinstance(one, ast.Name) and one.id == name for one in given)
