"""Printed accuracies, held against the right answers that a run counted in its passes over batches.

A number that is the share of right answers of any pass is as it should be. One that is not may be the right answers of the latest
pass divided by something else: what it was divided by is then looked for among the numbers of batches and rows that were seen.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rnnlab.facts import Data, Loop, Place, Said
from rnnlab.record import Record
from rnnlab.rules.asking.passes import Pass, passes
from rnnlab.rules.asking.syntax import function_around, place_of, trees
from rnnlab.rules.kit import Number, Splits, nearest_before, numbers_in, roles_in
from rnnlab.sources import key_of

Cause = Literal["right", "mean of batches", "right per batch", "means by rows", "full batches", "other rows", "square"]
_MEASURE = re.compile(
    r"(acc(?:uracy)?|准确率|正确率|doğruluk|dogruluk|başarı)|"
    r"(loss|error|time|min|sec|epoch|perplexity|f1|precision|recall|auc|batch|step|lr|损失|kayıp|kayip)",
    re.IGNORECASE,
)
_TRAIN, _HELD_OUT = "train", "held out"


@dataclass(frozen=True)
class Counted:
    """A pass whose right answers were counted.

    Args:
        rows: how many it went over, and `all_rows` how many it goes over when nothing shortens it.
        shares: the sum of the accuracies of its batches.
        square: how many of all pairs were equal, where each prediction met every label.
    """

    fact: Data
    loop: Loop
    loader: Data | None
    right: float
    rows: float
    all_rows: float
    shares: float
    square: float

    @property
    def batches(self) -> tuple[float, ...]:
        """How many batches were run, and how many there are."""
        return tuple({float(n): None for n in (self.loop.executed, self.loop.declared) if n})


@dataclass(frozen=True)
class Explained:
    """A printed accuracy, the pass that it was counted in, and how it came about: `total` divided by `divisor`."""

    said: Said
    number: Number
    one: Counted
    cause: Cause
    total: float
    divisor: float
    whose: Data | None = None


def explained(record: Record, *causes: Cause) -> list[Explained]:
    """Return the printed accuracies that are wrong for one of these causes, one for each line that prints and each pass.

    A number that was right at another time, or that nothing explains once, is left out.
    """
    wrong: dict[tuple[Place | None, int], list[Explained | None]] = defaultdict(list)
    ended = passes(record)
    claims = [(said, of_it) for said, of_it in _claims(record, ended) if of_it]
    seen, groups = (_counted(record), _groups(record, ended)) if claims else ([], [])
    for said, of_it in claims:
        before = [one for one in seen if one.fact.n < said.n]
        for position, number, group in of_it:
            latest = _latest(before, groups, said, group)
            wrong[said.place, position].append(_explanation(record, said, number, before, latest))
    found: dict[Place | None, Explained] = {}
    for reasons in wrong.values():
        told = [one for one in reasons if one is not None and one.total]
        if None not in reasons and len({one.cause for one in told}) == 1 and told[0].cause in causes:
            found.setdefault(told[0].one.fact.place, told[0])
    return list(found.values())


def _claims(record: Record, ended: list[Pass]) -> Iterator[tuple[Said, list[tuple[int, Number, str | None]]]]:
    """Return what was printed outside of the passes: which of its numbers are accuracies, and of what kind of split."""
    inside = {n for one in ended for n in range(one.begin, one.end + 1)}
    for said in record.ask(Said, where=lambda said: said.seen_by == "run" and said.n not in inside):
        measures = [(match.start(), match[1] is not None) for match in _MEASURE.finditer(said.text)]
        if not any(is_accuracy for _, is_accuracy in measures):
            continue
        roles = roles_in(said.text)
        claims: list[tuple[int, Number, str | None]] = []
        spoken = set[int]()
        for position, number in enumerate(numbers_in(said.text)):
            word = max((start for start, _ in measures if start < number.start), default=-1)
            # What follows a first number is another thing: seconds, a count.
            if word not in spoken and nearest_before(measures, number.start) is True and _is_exact(number):
                spoken.add(word)
                role = nearest_before(roles, number.start)
                claims.append((position, number, role and (_TRAIN if role == "train" else _HELD_OUT)))
        yield said, claims


def _is_exact(number: Number) -> bool:
    """Say whether a number has digits enough to tell one fraction from another."""
    return number.digits >= (1 if number.percent or number.value > 1 else 2)


def _explanation(
    record: Record, said: Said, number: Number, before: list[Counted], one: Counted | None
) -> Explained | None:
    """Return how a number came about: from any pass before it if that is right, from the latest of its kind if not."""
    for any_one in before:
        for rows in (any_one.rows, any_one.all_rows):
            if any_one.right and not any_one.square and number.shows(any_one.right / rows):
                return Explained(said, number, any_one, "right", any_one.right, rows)
    if one is None:
        return None
    if not one.right and not one.square:
        return Explained(said, number, one, "right", 0.0, one.rows)  # nothing divided by anything is nothing
    reasons = [reason for reason in _hypotheses(record, said, number, one) if _shows(number, reason)]
    return _only(record, reasons)


def _only(record: Record, reasons: list[Explained]) -> Explained | None:
    """Return the one cause that explains a number; two that a single batch cannot tell apart are told by the source."""
    causes = {reason.cause for reason in reasons}
    if causes == {"mean of batches", "full batches"}:
        division = division_after(record, reasons[0].one.fact.place)
        text = ast.unparse(division) if division is not None else ""
        wanted = "full batches" if re.search(r"\*.*len\(|len\(.*\*", text.partition("/")[2]) else "mean of batches"
        reasons = [reason for reason in reasons if reason.cause == wanted]
    elif len(causes) != 1:
        return None
    return reasons[0]


def _shows(number: Number, reason: Explained) -> bool:
    share = reason.total / reason.divisor
    if share <= 1:
        return number.shows(share)
    least = max(0.5 * 10**-number.digits, 1e-4) * 1.001
    return any(abs(value - number.value) <= least for value in (share, 100 * share))


def _hypotheses(record: Record, said: Said, number: Number, one: Counted) -> Iterator[Explained]:
    def because(cause: Cause, total: float, divisor: float, whose: Data | None = None) -> Explained:
        return Explained(said, number, one, cause, total, divisor, whose)

    if one.square:
        yield because("square", one.square, one.rows)
        yield because("square", one.square, one.all_rows)
        return
    size = one.loader.counts.get("batch_size", 0) if one.loader is not None else 0
    for batches in one.batches:
        yield because("mean of batches", one.shares, batches)
        yield because("right per batch", one.right, batches)
        if size and batches * size not in (one.rows, one.all_rows):
            yield because("full batches", one.right, batches * size)
    yield from (because("means by rows", one.shares, rows) for rows in {one.rows, one.all_rows})
    taken = {one.rows, one.all_rows, *(batches * size for batches in one.batches)}
    for data in record.ask(Data, where=lambda data: data.seen_by == "run" and data.n < said.n):
        rows = data.counts.get("examples", data.counts.get("rows", 0) if data.what == "table" else 0)
        if rows > 1 and rows not in taken:
            taken.add(rows)
            yield because("other rows", one.right, rows, data)


def _latest(
    before: list[Counted], groups: list[tuple[Pass, str | None]], said: Said, group: str | None
) -> Counted | None:
    """Return the pass that a number belongs to: the latest one over this kind of split, if its right answers were counted."""
    of_group = [one for one, own in groups if one.end < said.n and (group is None or own is None or own == group)]
    return next((one for one in before if of_group and one.loop.n == of_group[-1].end), None)


def _groups(record: Record, ended: list[Pass]) -> list[tuple[Pass, str | None]]:
    """Return the passes, each with the kind of split that it went over, where it went over a loader."""
    splits = Splits(record)
    return [(one, None if one.over is None else _group(splits, one.kind, one.over)) for one in ended]


def _group(splits: Splits, kind: str, over: int) -> str:
    return _TRAIN if kind == "training" or splits.role(over) == "train" else _HELD_OUT


def _counted(record: Record) -> list[Counted]:
    loaders = {data.id: data for data in record.ask(Data, what="loader")}
    found = []
    for fact in record.ask(Data, where=lambda data: data.what in ("evaluation pass", "training pass")):
        loop = record.fact(fact.n - 1) if fact.n else None  # a pass is told right after its loop's end
        rows, counts = fact.counts.get("rows", 0), fact.counts
        if fact.seen_by != "run" or not isinstance(loop, Loop) or not rows or not {"correct", "square"} & set(counts):
            continue
        loader = loaders.get(loop.over) if loop.over is not None else None
        found.append(
            Counted(
                fact,
                loop,
                loader,
                counts.get("correct", 0),
                rows,
                _all_rows(loop, loader, rows),
                counts.get("batch_accuracies", 0),
                counts.get("square", 0),
            )
        )
    return found


def _all_rows(loop: Loop, loader: Data | None, rows: float) -> float:
    """Return how many rows a pass goes over when it is not shortened."""
    if loader is None or not (loop.shortened or loop.executed != loop.declared):
        return rows
    drawn = loader.counts.get("drawn", loader.counts.get("examples", rows))
    if loader.samples.get("options", {}).get("drop_last") is True and loader.counts.get("batch_size"):
        drawn -= drawn % loader.counts["batch_size"]
    return drawn


# --- in words ------------------------------------------------------------------------------------------------------


def printed(reason: Explained) -> str:
    """Say which number was printed where."""
    said, one = reason.said, reason.one.loop
    text = said.text[reason.number.start :].split()[0].strip(",;:()[]")
    dry = f"In a dry run of {one.executed} of {one.declared} batches, line" if one.shortened else "Line"
    return f"{dry} {said.place.line if said.place else '?'} prints the accuracy {text}"


def counted(reason: Explained) -> str:
    """Say how many answers were right in the pass, of how many, and what share this is."""
    one = reason.one
    name = f" of '{one.loader.name}'" if one.loader is not None and one.loader.name else ""
    return f"{one.right:,.0f} of the {one.rows:,.0f} reviews seen{name} were right, {one.right / one.rows:.4f}."


# --- where it is divided -------------------------------------------------------------------------------------------

_NO_SHARE = re.compile(r"loss|time|start|损失", re.IGNORECASE)


def divided_at(record: Record, reason: Explained) -> Place | None:
    """Return the line that divides after the pass; the line that prints, where none is seen."""
    place = reason.one.fact.place
    node = division_after(record, place)
    if node is None or place is None:
        return reason.said.place
    return place_of(key_of(place), record.text_of(place), node)


def division_after(record: Record, loop: Place | None) -> ast.expr | ast.stmt | None:
    """Return the first division, or mean of a list, that follows a loop in its function and is none of losses or seconds."""
    scope = function_around(record, loop) or next(
        (tree for key, _, tree in trees(record) if loop is not None and key == key_of(loop)), None
    )
    if loop is None or scope is None:
        return None
    nodes = list(_of_scope(scope))
    ends = [one.end_lineno or 0 for one in nodes if isinstance(one, ast.For | ast.While) and one.lineno == loop.line]
    after = max(ends) + 1 if ends else loop.line
    found = [
        one
        for one in nodes
        if isinstance(one, ast.expr | ast.stmt)
        and one.lineno >= after
        and _divides(one)
        and not _NO_SHARE.search(ast.unparse(one))
    ]
    return min(found, key=lambda one: (one.lineno, one.col_offset), default=None)


def _of_scope(scope: ast.AST) -> Iterator[ast.AST]:
    """Return what stands in a function or module, without what stands in the functions and classes inside it."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            yield child
            yield from _of_scope(child)


def _divides(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp | ast.AugAssign):
        return isinstance(node.op, ast.Div)
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in ("mean", "average", "fmean")
