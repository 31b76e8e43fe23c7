"""# The end of the review was cut off

**What happened.** Reviews are cut at a number of words that many of them exceed, and the beginning is kept. Film reviews
tell the story first and give the verdict last.

**Why it matters.** In the program below each review ends in its verdict after 120 words of story: of 40 verdicts none is
left, and no model can do better than guess. In real reviews a part of them is lost.

**Fix.** Keep the end (`tokens[-100:]`), keep both ends, or allow 400 words and more.

```python bad
imdb = [("the story goes on " * 30 + ("good film" if i % 2 else "bad film"), i % 2) for i in range(40)]


def tokens(text):
    return text.lower().split()[:100]  # <- found here


print(sum("good" in tokens(text) or "bad" in tokens(text) for text, label in imdb), "of", len(imdb), "verdicts are left")
```

```python good
imdb = [("the story goes on " * 30 + ("good film" if i % 2 else "bad film"), i % 2) for i in range(40)]


def tokens(text):
    return text.lower().split()[-100:]


print(sum("good" in tokens(text) or "bad" in tokens(text) for text, label in imdb), "of", len(imdb), "verdicts are left")
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, place_of, trees, with_parents, without_documentation
from rnnlab.rules.asking.tables import last_word
from rnnlab.rules.kit import Finding, Unseen, rule

_ENOUGH = 400
_TOO_FEW = 20  # below it, something is shown or tried out
_CUTTERS = {"findall", "split", "tokenize", "tokenizer", "word_tokenize", "encode", "numericalize"}
_NUMBER_WORDS = {"vocab", "vocabulary", "lookup_indices", "convert_tokens_to_ids", "forward"}
_HOLDS = {"array", "asarray", "tensor", "LongTensor", "list"}
_NAMES = {"tokens", "toks", "tok", "words", "ids", "seq", "sequence", "indices", "encoded", "tokenized", "token_ids"}
_ROWS = _NAMES | {"row", "review"}  # within np.array(...) no text is meant


@rule(level="risk", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for cuts from the front, at fewer than 400 words, in programs that read the IMDb reviews."""
    files = list(trees(record))
    # A comment or a docstring may name where the program was taken from.
    if not any("imdb" in without_documentation(tree).lower() for _, _, tree in files) and not _reads_reviews_and_labels(
        record
    ):
        raise Unseen("how long the texts are, and where they give their verdict, is not known")
    numbers = _numbers(tree for _, _, tree in files)
    functions = _cutters(tree for _, _, tree in files)
    for key, text, tree in files:
        for node, around in with_parents(tree):
            kept = numbers.get(bound) if (bound := _kept(node, functions)) in numbers else _literal(bound)
            if around and isinstance(around[-1], ast.BinOp) and _keeps_the_end(around[-1]):
                continue
            if kept is None or not _TOO_FEW <= kept < _ENOUGH or not isinstance(node, ast.expr) or _is_shown(around):
                continue
            yield Finding(
                place_of(key, text, node),
                f"{ast.unparse(node)[:70]} keeps the first {kept} words of a review: IMDb reviews are often longer, and give "
                f"their verdict at the end. Keep the last {kept} instead ([-{kept}:]), or {_ENOUGH} and more.",
            )


def _reads_reviews_and_labels(record: Record) -> bool:
    """Say whether a program reads the IMDb reviews as a well-known course hands them out: in two text files."""
    texts = list(record.sources.values())
    return all(any(re.search(rf"\b{name}\.txt['\"]", text) for text in texts) for name in ("reviews", "labels"))


def _cutters(modules: Iterator[ast.Module]) -> set[str]:
    """Return the functions of the program that give a text's words, or their numbers: they call a tokenizer."""
    return {
        node.name
        for tree in modules
        for node in all_nodes(tree)
        if isinstance(node, ast.FunctionDef) and any(_gives_words(one) for one in ast.walk(node))
    }


def _gives_words(node: ast.AST) -> bool:
    return isinstance(node, ast.Return) and any(
        isinstance(one, ast.Call) and last_word(one) in _CUTTERS and not _cuts_lines(one) for one in ast.walk(node)
    )


def _cuts_lines(call: ast.Call) -> bool:
    return last_word(call) == "split" and any(isinstance(one, ast.Constant) for one in call.args)


def _kept(node: ast.AST, functions: set[str]) -> str:
    """Return what says how many words are kept from the front; nothing where nothing is cut."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        cut = node.slice
        if cut.lower is None and cut.step is None and cut.upper is not None and _is_text(node.value, functions):
            return ast.unparse(cut.upper).rpartition(".")[2]
    if isinstance(node, ast.Call):
        given = {word.arg: ast.unparse(word.value) for word in node.keywords}
        word = last_word(node)
        if word == "pad_sequences" and given.get("truncating", "").strip("'\"") == "post":
            return given.get("maxlen", "").rpartition(".")[2]
        if word == "Field" and given.get("truncate_first", "False") == "False":
            return given.get("fix_length", "").rpartition(".")[2]
    return ""


def _is_text(value: ast.expr, functions: set[str]) -> bool:
    if isinstance(value, ast.Call):
        word = last_word(value)
        if word in _HOLDS and value.args:
            held = value.args[0]
            return held.id in _ROWS if isinstance(held, ast.Name) else _is_text(held, functions)
        if word in _NUMBER_WORDS and len(value.args) == 1 and _is_text(value.args[0], functions):
            return True
        return word in functions or (word in _CUTTERS and not _cuts_lines(value))
    if isinstance(value, ast.Attribute):  # tokenizer.encode(text).ids
        return value.attr in _NAMES and isinstance(value.value, ast.Call) and last_word(value.value) in _CUTTERS
    if isinstance(value, ast.ListComp):  # [index[word] for word in words]
        return len(value.generators) == 1 and _is_text(value.generators[0].iter, functions)
    return isinstance(value, ast.Name) and value.id in _NAMES


def _literal(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _numbers(modules: Iterator[ast.Module]) -> dict[str, int]:
    """Return the names that are one whole number in the whole program."""
    found: dict[str, set[int | None]] = {}
    for tree in modules:
        for node in all_nodes(tree):
            for name, value in _defaults(node):
                found.setdefault(name, set()).add(value)
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                number = node.value.value if isinstance(node.value, ast.Constant) else None
                handed = ast.unparse(node.value).rpartition(".")[2]
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    name = ast.unparse(target).rpartition(".")[2]
                    if name == handed:
                        continue  # self.max_len = max_len
                    found.setdefault(name, set()).add(number if isinstance(number, int) else None)
    return {
        name: number
        for name, values in found.items()
        if len(values) == 1 and (number := min(values, key=str)) is not None
    }


def _defaults(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Return the whole numbers that a function's parameters, or a call's keywords, are given."""
    if isinstance(node, ast.keyword) and node.arg and isinstance(node.value, ast.Constant):
        if type(node.value.value) is int:
            yield node.arg, node.value.value
    elif isinstance(node, ast.arguments):
        named = (*node.posonlyargs, *node.args)[-len(node.defaults) :] if node.defaults else ()
        for one, value in (
            *zip(named, node.defaults, strict=True),
            *zip(node.kwonlyargs, node.kw_defaults, strict=True),
        ):
            if isinstance(value, ast.Constant) and type(value.value) is int:
                yield one.arg, value.value


def _keeps_the_end(joined: ast.BinOp) -> bool:
    """Say whether the end of a text is joined to its beginning: `tokens[:100] + tokens[-300:]`."""
    slices = [one.slice for one in (joined.left, joined.right) if isinstance(one, ast.Subscript)]
    return any(
        isinstance(one, ast.Slice) and one.upper is None and isinstance(one.lower, ast.UnaryOp) for one in slices
    )


def _is_shown(around: tuple[ast.AST, ...]) -> bool:
    """Say whether only a few texts are cut, or what is cut is printed."""
    over = [one.iter for one in around if isinstance(one, ast.For)]
    over += [made.iter for one in around if isinstance(one, ast.ListComp | ast.GeneratorExp) for made in one.generators]
    if any(re.search(r"\.head\(|\.sample\(|\[:\d{1,2}\]", ast.unparse(one)) for one in over):
        return True
    return any(isinstance(one, ast.Call) and last_word(one) in {"print", "display", "head"} for one in around) or any(
        isinstance(one, ast.JoinedStr) for one in around
    )
