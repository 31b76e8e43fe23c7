"""How a program numbers its words: which index the padding has, which one the first word has, and how many rows that takes."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from rnnlab.facts import Call, Data, Place, TensorNote, makers
from rnnlab.record import Record
from rnnlab.rules.asking.states import padding_behind
from rnnlab.rules.asking.syntax import all_nodes, names_in, names_in_text, place_of, trees, with_parents
from rnnlab.rules.kit import Unseen
from rnnlab.sources import file_and_cell

_PADS = re.compile(r"\W*_*(pad|padding|blank)_*\W*", re.IGNORECASE)

_LABELS = re.compile("label|class|target|tag|intent|categ|etiket|标签")


@dataclass
class Numbering:
    """A dict that numbers words, or a vocabulary of torchtext: under which `name`, what each special token got, and the rest.

    `first` is the index of the first word, `start` the index of the first of all that is counted `over` (a list, a Counter);
    `limit` is the most words that are taken of it, as it is written. What is not known is None. It is no longer `is_whole`
    where something is put into the dict in a way that cannot be followed.
    """

    name: str
    place: Place | None
    lines: set[int]
    specials: dict[str, int] = field(default_factory=dict)
    first: int | None = None
    start: int | None = None
    over: str = ""
    limit: str = ""
    at_the_end: set[str] = field(default_factory=set)
    is_whole: bool = True

    @property
    def padding(self) -> int | None:
        """The index of the token that fills up; None where there is no such token, or its index is not known."""
        found = {index for token, index in self.specials.items() if _PADS.fullmatch(token)}
        return found.pop() if len(found) == 1 else None

    @property
    def pads_at_the_end(self) -> bool:
        """Whether the token that fills up was numbered after all words."""
        return any(_PADS.fullmatch(token) for token in self.at_the_end)

    @property
    def lowest(self) -> int | None:
        """The lowest index that is given."""
        known = [*self.specials.values(), *([self.first] if self.first is not None else [])]
        return min(known) if self.first is not None and known else None

    def token_at(self, index: int) -> str | None:
        """Return what has an index: a special token, or `a word`; None where nothing has it, or nobody knows."""
        named = next((token for token, one in self.specials.items() if one == index), None)
        if named is not None:
            return repr(named)
        return "a word" if self.first is not None and index >= self.first else None


def numberings(record: Record) -> list[Numbering]:
    """Return every numbering of words, or of labels, that the source shows."""
    found = [_of_torchtext(fact) for fact in record.ask(Data, what="vocabulary") if fact.samples.get("specials")]
    by_file: dict[str, list[tuple[str, str, ast.Module]]] = {}
    for key, text, tree in trees(record):
        by_file.setdefault(file_and_cell(key)[0], []).append((key, text, tree))
    for parts in by_file.values():
        found.extend(_of_dicts(parts))
    return found


def numbering_of(record: Record, layer: Call) -> Numbering | None:
    """Return the numbering of the words that an embedding looks up, by what its size is made of; None where it is not clear."""
    known = numberings(record)
    told = layer.values.get("options", {}).get("num_embeddings")
    written = layer.values.get("written", {}).get("num_embeddings", "")
    vocabularies = set(layer.values.get("from", {}).get("num_embeddings", ()))
    words = names_in_text(str(told).removeprefix("= ")) | names_in_text(written)
    named = [one for one in known if one.name in words or (one.over and one.over in words)]
    if not named:
        facts = list(
            record.ask(Data, what="vocabulary", where=lambda fact: not vocabularies or fact.id in vocabularies)
        )
        facts = facts or list(record.ask(Data, what="vocabulary"))
        words_only = [one for one in known if not _LABELS.search(one.name.lower())]
        named = [one for one in words_only if any(_is_told_by(one, fact) for fact in facts)]
        if not facts and len(words_only) == 1 and words_only[0].first is not None:
            named = words_only  # words of a file of vectors, say
    alike = {(one.padding, one.first, one.pads_at_the_end) for one in named}
    return named[0] if len(alike) == 1 else None


def _is_told_by(one: Numbering, fact: Data) -> bool:
    place = fact.place
    if place is None or one.place is None:
        return False
    here, told = [one.place.file, one.place.cell], [place.file, place.cell]
    lines: set[object] = {place.line} if told == here else set()
    if fact.samples.get("numbered_in", told) == here:
        lines.add(fact.samples.get("numbered_at"))
    return bool(one.lines & lines)


def _of_torchtext(fact: Data) -> Numbering:
    specials = [str(token) for token in fact.samples["specials"]]
    lines = {fact.place.line} if fact.place else set()
    made = Numbering(fact.name.rpartition(".")[2], fact.place, lines)
    made.specials = {token: i for i, token in enumerate(specials)}
    made.first = len(specials)
    limit = (fact.samples.get("options") or {}).get("max_size")
    made.limit = str(limit) if isinstance(limit, int) else ""
    return made


# --- what fills up ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filling:
    """An operation that fills short reviews up, and the index that it fills them up with; None where that is not a number."""

    call: Call
    index: int | None


def fillings(record: Record) -> list[Filling]:
    """Return what fills reviews up, each place once."""
    found: dict[Place | None, Filling] = {}
    for call in record.ask(Call):
        if call.what in ("pad_sequence", "pad_sequences", "pad_list"):
            found.setdefault(call.place, Filling(call, _index_filled_in(call)))
        elif call.what == "__setitem__" and (born := _rectangle(record, call)) is not None:
            found.setdefault(call.place, Filling(call, 0 if born.values.get("of") == "zeros" else None))
    return list(found.values())


@dataclass(frozen=True)
class SharedFilling:
    """Reviews are filled up with an index that a word, or unknown words, have too: by the numbering, or as it is written."""

    filling: Filling
    numbering: Numbering | None
    token: str


def shared_fillings(record: Record) -> list[SharedFilling]:
    """Return what fills reviews up with the index of a word.

    Raises:
        Unseen: no vocabulary was seen together with the index that fills reviews up.
    """
    layers = list(record.ask(Call, what="layer", where=lambda call: call.layer == "Embedding"))
    known = [one for layer in layers if (one := numbering_of(record, layer)) is not None]
    everything = fillings(record)
    written = [SharedFilling(one, None, "<unk>") for one in everything if _is_written_as_unknown(one)]
    filled = [filling for filling in everything if filling.index is not None]
    if not known or not filled or len({(one.padding, one.first, one.lowest) for one in known}) != 1:
        if written:
            return written
        raise Unseen("no vocabulary was seen together with the index that fills reviews up")
    if _has_another_padding(record, known[0]) or _is_moved(record, known[0]):
        if written:
            return written
        raise Unseen("the program names a token for the padding, or moves the indices; which ones it gets was not seen")
    filled = looked_up_among(record, filled)
    shared = [(filling, _token_shared(known[0], filling.index)) for filling in filled]
    return [*written, *(SharedFilling(filling, known[0], token) for filling, token in shared if token)]


def looked_up_among(record: Record, filled: list[Filling]) -> list[Filling]:
    """Return the fillings that an embedding looks up, where that was seen of one: others may fill up labels."""
    behind = [padding_behind(record, call.inputs[:1]) for call in record.ask(Call, what="embedding")]
    places = {one.fact.place for one in behind if one is not None}
    return [one for one in filled if one.call.place in places] or filled


def _has_another_padding(record: Record, numbering: Numbering) -> bool:
    """Say whether a program writes out a token that fills up and that was not seen among those numbered."""
    if numbering.padding is not None or numbering.pads_at_the_end:
        return False
    return any(
        isinstance(node, ast.Constant) and isinstance(node.value, str) and _PAD_TOKEN.fullmatch(node.value)
        for _, _, tree in trees(record)
        for node in all_nodes(tree)
    )


def _is_moved(record: Record, numbering: Numbering) -> bool:
    """Say whether something is added to an index that was looked up: `index[word] + 1`."""
    moved = re.compile(rf"\b{re.escape(numbering.name)}(\[[^\]]*\]|\.get\([^)]*\))\s*\+\s*\w")
    return any(moved.search(text) for text in record.sources.values())


_PAD_TOKEN = re.compile(r"[<\[_(]+(pad|padding|blank)[>\]_)]*|PAD", re.IGNORECASE)
_UNKNOWN = re.compile(r"'\W*_*(unk|unknown|oov)_*\W*'", re.IGNORECASE)
_LOOKED_UP = re.compile(r"[\w.]+\[(['\"]\W*_*(?:unk|unknown|oov)_*\W*['\"])\]", re.IGNORECASE)


def _is_written_as_unknown(filling: Filling) -> bool:
    """Say whether reviews are filled up with `vocab["<unk>"]`."""
    return bool(_LOOKED_UP.fullmatch(str(filling.call.values.get("padding_text", ""))))


def _token_shared(numbering: Numbering, index: int | None) -> str:
    """Return which word, or what for unknown words, has the index that fills up."""
    if index is None or numbering.padding is not None or numbering.pads_at_the_end:
        return ""
    token = numbering.token_at(index) or ""
    return token if token == "a word" or _UNKNOWN.fullmatch(token) else ""


def _index_filled_in(call: Call) -> int | None:
    value, text = call.values.get("padding_value"), str(call.values.get("padding_text", ""))
    if isinstance(value, int | float):
        return int(value)
    if text.isdecimal():
        return int(text)
    return 0 if call.what == "pad_sequences" and value is None and not text else None


def _rectangle(record: Record, call: Call) -> Call | None:
    """Return the tensor of (reviews, words) into which a review is written from its first word on, or up to its last one."""
    bounds = call.values.get("bounds") or [[None, None]]
    if not call.inputs or bounds[-1] == [None, None] or len(bounds) > 2:
        return None
    note = call.inputs[0].note
    born = [record.fact(n) for n in makers(note)]
    axes = [axis.name for axis in note.axes] if isinstance(note, TensorNote) else []
    if len(born) != 1 or len(axes) != 2 or "seq_len" not in axes:
        return None
    return born[0] if isinstance(born[0], Call) and born[0].what == "tensor" else None


# --- dicts ---------------------------------------------------------------------------------------------------------


def _of_dicts(parts: list[tuple[str, str, ast.Module]]) -> Iterator[Numbering]:
    """Return the numberings of one file, or of one notebook with all its cells."""
    nodes = [(key, text, node, around) for key, text, tree in parts for node, around in with_parents(tree)]
    lists = _lists(node for _, _, node, _ in nodes)
    made: dict[str, Numbering] = {}
    spoilt: set[str] = set()
    for key, text, node, around in sorted(nodes, key=_order(parts)):
        for target, value in _assigned(node):
            if name := _name(target):
                new = _started(name, value, lists, place_of(key, text, value))
                if (
                    name in made
                    and new is not None
                    and (made[name].first, made[name].specials) != (new.first, new.specials)
                ):
                    spoilt.add(name)
                if new is not None:
                    made[name] = new
                elif name in made and isinstance(value, ast.DictComp) and name in names_in(value):
                    made[name].is_whole = False  # `{word: n - 1 for word, n in index.items()}`
            elif isinstance(target, ast.Subscript) and (name := _name(target.value)) in made:
                made[name].lines.add(target.lineno)
                _put(made[name], target.slice, value, around, lists)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and (name := _name(node.func.value)) in made
        ):
            if node.func.attr == "setdefault" and len(node.args) == 2:
                made[name].lines.add(node.lineno)
                _put(made[name], node.args[0], node.args[1], around, lists)
            elif node.func.attr in ("update", "pop", "popitem", "clear", "__setitem__"):
                made[name].is_whole = False
    for name, one in made.items():
        if name not in spoilt and (one.first is not None or one.specials):
            yield one


def _assigned(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """Return what is written where, `a, b = 0, 1` one by one."""
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return [(node.target, node.value)]
    if isinstance(node, ast.AugAssign):
        return [(node.target, node.value)] if isinstance(node.target, ast.Subscript) else []
    found: list[tuple[ast.expr, ast.expr]] = []
    for target in node.targets if isinstance(node, ast.Assign) else []:
        value = node.value if isinstance(node, ast.Assign) else target
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            found.extend(zip(target.elts, value.elts, strict=True))
        else:
            found.append((target, value))
    return found


def _order(
    parts: list[tuple[str, str, ast.Module]],
) -> Callable[[tuple[str, str, ast.AST, object]], tuple[int, int, int]]:
    position = {key: i for i, (key, _, _) in enumerate(parts)}
    return lambda one: (position[one[0]], getattr(one[2], "lineno", 0), getattr(one[2], "col_offset", 0))


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _lists(nodes: Iterable[ast.AST]) -> dict[str, list[ast.expr]]:
    """Return what each name, or attribute, is given anywhere; under `+ name` what is added to it."""
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and (name := _name(node.target)):
            found.setdefault(f"+ {name}", []).append(node.value)
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if name := _name(target):
                    found.setdefault(name, []).append(node.value)
    return found


def _started(name: str, value: ast.expr, lists: dict[str, list[ast.expr]], place: Place) -> Numbering | None:
    """Return the numbering that a name is given: a dict that is written out, or made by going over a list."""
    new = Numbering(name, place, set(range(place.line, (place.end_line or place.line) + 1)))
    if isinstance(value, ast.Call) and _name(value.func) == "dict" and not value.args and not value.keywords:
        value = ast.Dict([], [])
    if isinstance(value, ast.Dict):
        for key, index in zip(value.keys, value.values, strict=True):
            token, number = _text(key, lists), _number(index, lists)
            if token is None or number is None:
                return None
            new.specials[token] = number
        return new
    if isinstance(value, ast.DictComp) and len(value.generators) == 1 and not value.generators[0].ifs:
        return _counted(new, value.generators[0], value.key, value.value, lists)
    return None


def _counted(
    new: Numbering, over: ast.comprehension | ast.For, key: ast.expr, index: ast.expr, lists: dict[str, list[ast.expr]]
) -> Numbering | None:
    """`{word: i + 2 for i, word in enumerate(words)}`."""
    call = over.iter
    if not (isinstance(call, ast.Call) and _name(call.func) == "enumerate" and call.args):
        return None
    if not (isinstance(over.target, ast.Tuple) and len(over.target.elts) == 2):
        return None
    counter = _name(over.target.elts[0])
    begin = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "start"), None)
    start = _number(begin, lists) if begin is not None else 0
    more = _more_than(index, counter, lists)
    if start is None or more is None or not names_in(key) & names_in(over.target.elts[1]):
        return None
    new.start = start + more
    new.over, new.limit = _counted_over(call.args[0])
    leading = _leading(call.args[0], lists)
    if leading is None:
        return new
    new.specials |= {token: new.start + i for i, token in enumerate(leading)}
    new.first = new.start + len(leading)
    return new


def _counted_over(node: ast.expr) -> tuple[str, str]:
    """Return the name of what is gone over, and how many of it are taken (`counter.most_common(20000)`)."""
    limit = ""
    while isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            if node.func.attr == "most_common" and node.args:
                limit = ast.unparse(node.args[0])
            node = node.func.value
        elif _name(node.func) in ("sorted", "list") and node.args:
            node = node.args[0]
        else:
            return "", limit
    return _name(node), limit


def _more_than(node: ast.expr, name: str, lists: dict[str, list[ast.expr]]) -> int | None:
    """Return k of `name + k`."""
    if _name(node) == name:
        return 0
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if _name(one) == name:
                return _number(other, lists)
    return None


def _put(
    made: Numbering, key: ast.expr, value: ast.expr, around: tuple[ast.AST, ...], lists: dict[str, list[ast.expr]]
) -> None:
    """`index[word] = len(index)`, `index['<pad>'] = 0`, or `index[word] = i` in a loop over an enumeration."""
    token = _text(key, lists)
    loop = next((one for one in reversed(around) if isinstance(one, ast.For)), None)
    more = _more_than_length(value, made.name, lists)
    if token is not None:
        number = _number(value, lists)
        if number is not None:
            made.specials[token] = number
        elif more is not None and made.first is not None:
            made.at_the_end.add(token)
        elif more is not None:
            made.specials[token] = len(made.specials) + more
        else:
            made.is_whole = False
    elif more is not None and made.first is None:
        made.first = len(made.specials) + more
        if loop is not None and not _is_asked(around, loop):
            made.over, made.limit = _counted_over(loop.iter)
            made.start = made.first
    elif made.first is None and (counted := _counter(value, lists)) is not None:
        made.first = counted
    elif loop is None or made.first is not None or _counted(made, loop, key, value, lists) is None:
        made.is_whole = False


def _is_asked(around: tuple[ast.AST, ...], loop: ast.For) -> bool:
    """Say whether a test, or one more loop, stands around a statement."""
    place = around.index(loop)
    return any(isinstance(one, ast.If | ast.For | ast.While) for one in (*around[:place], *around[place + 1 :]))


def _counter(node: ast.expr, lists: dict[str, list[ast.expr]]) -> int | None:
    """Return what a variable starts from that goes up by one: `index[word] = n`, then `n += 1` or `n = n + 1`."""
    if not isinstance(node, ast.Name | ast.Attribute):
        return None
    name = _name(node)
    given, added = lists.get(name, []), [ast.unparse(one) for one in lists.get(f"+ {name}", [])]
    starts = [
        one.value
        for one in given
        if isinstance(one, ast.Constant) and isinstance(one.value, int) and not isinstance(one.value, bool)
    ]
    steps = [one for one in given if _more_than(one, name, lists) == 1]
    if len(starts) != 1 or len(starts) + len(steps) != len(given) or len(steps) + len(added) != 1:
        return None
    return starts[0] if steps or added == ["1"] else None


def _more_than_length(node: ast.expr, name: str, lists: dict[str, list[ast.expr]]) -> int | None:
    """Return k of `len(name) + k`."""

    def is_length(one: ast.expr) -> bool:
        return (
            isinstance(one, ast.Call) and _name(one.func) == "len" and len(one.args) == 1 and _name(one.args[0]) == name
        )

    if is_length(node):
        return 0
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if is_length(one):
                return _number(other, lists)
    return None


def _leading(node: ast.expr, lists: dict[str, list[ast.expr]], depth: int = 4) -> list[str] | None:
    """Return the tokens that a list of words begins with and that are written out; None where its beginning is not known."""
    if isinstance(node, ast.List | ast.Tuple):
        texts = [_text(one, lists) for one in node.elts]
        leading = []
        for one, text in zip(node.elts, texts, strict=True):
            if isinstance(one, ast.Starred):
                return [*leading, *(_leading(one.value, lists, depth - 1) or [])] if depth else leading
            if text is None:
                return None
            leading.append(text)
        return leading
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and depth:
        return _leading(node.left, lists, depth - 1)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        first = node.value[:1]  # its characters: a letter is one of the words, a sign may stand for the padding
        return [first] if first and not first.isalnum() else []
    if isinstance(node, ast.Name | ast.Attribute) and depth:
        given = lists.get(_name(node), [])
        return _leading(given[0], lists, depth - 1) if len(given) == 1 else None
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        return []
    if isinstance(node, ast.Call):
        called = _name(node.func)
        if called in ("sorted", "set", "most_common", "Counter", "keys"):
            return []
        if called in ("list", "tuple") and node.args and depth:
            return _leading(node.args[0], lists, depth - 1)
    return None


def _text(node: ast.AST | None, lists: dict[str, list[ast.expr]], depth: int = 2) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name | ast.Attribute) and depth:
        given = lists.get(_name(node), [])
        return _text(given[0], lists, depth - 1) if len(given) == 1 else None
    return None


def _number(node: ast.AST | None, lists: dict[str, list[ast.expr]], depth: int = 2) -> int | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, int) and not isinstance(node.value, bool) else None
    if isinstance(node, ast.Name | ast.Attribute) and depth:
        given = lists.get(_name(node), [])
        return _number(given[0], lists, depth - 1) if len(given) == 1 else None
    return None
