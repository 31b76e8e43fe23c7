"""# HTML line breaks became words

**What happened.** The reviews hold HTML such as `<br />`, and nothing took it out before the text was cut into tokens. The
pieces (`/><br`, `br`, `/>`) are now words of the vocabulary.

**Why it matters.** They are frequent and mean nothing: in the IMDb reviews `/><br` is the 17th most frequent token of all,
0.75 % of 9.2 million. They take steps of the RNN and, where reviews are cut at a length, the place of words. The effect on
the score is small: expect tidier tokens, not a better accuracy.

**Fix.** Replace the breaks by a space before the text is cut: in the table, or in the function given to `Field(tokenize=...)`.
The `preprocessing=` of a Field comes too late, it sees the tokens.

```python bad
from torchtext.data import Dataset, Example, Field, LabelField

TEXT, LABEL = Field(), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
rows = [(f"A film number {i} .<br /><br />Go and see it .", str(i % 2)) for i in range(40)]
dataset = Dataset([Example.fromlist(row, fields) for row in rows], fields)
TEXT.build_vocab(dataset)  # <- found here
print(TEXT.vocab.freqs.most_common(5))
```

```python good
from torchtext.data import Dataset, Example, Field, LabelField


def tokens(text):
    return text.replace("<br />", " ").split()


TEXT, LABEL = Field(tokenize=tokens), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
rows = [(f"A film number {i} .<br /><br />Go and see it .", str(i % 2)) for i in range(40)]
dataset = Dataset([Example.fromlist(row, fields) for row in rows], fields)
TEXT.build_vocab(dataset)
print(TEXT.vocab.freqs.most_common(5))
```
"""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePath

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, trees
from rnnlab.rules.kit import Finding, Unseen, expression, rule
from rnnlab.sources import file_and_cell

# Whatever may take the tags out of a text, or the signs they are made of.
_TAKES_OUT = re.compile(
    r"<\s*/?\s*br|br\s*/?\s*>|<\[|<\.|<\\|html|HTML|soup|bs4|re\.sub|re\.compile|\.sub\(|\.replace\(|findall|finditer|translate\("
    r"|punctuation|isalpha|isalnum|basic_english|(?<!\.)preprocess|clean|normaliz|regex|Regexp|RegEx|filters|"
    r"from_pretrained|Vectorizer|keras"
)
_KNOWN = re.compile(
    r"torch|numpy|pandas|sklearn|collections|functools|itertools|nltk|spacy|keras|tensorflow|gensim|datasets"
)
_FILE = re.compile(
    r"(^|[\\/])(imdb[ _]dataset\.csv|aclimdb|labeledtraindata\.tsv|movie_data\.csv)|^(stanfordnlp/)?imdb$", re.I
)


@rule(level="risk", needs=("vocabulary",))
def check(record: Record) -> Iterator[Finding]:
    """Look for pieces of HTML among the words of each vocabulary, or for IMDb reviews that are cut as they are."""
    if not any("tag_words" in vocabulary.counts for vocabulary in record.ask(Data, what="vocabulary")):
        yield from _cut_as_they_are(record)
        raise Unseen("how often the words of the vocabulary occur was not seen")
    for vocabulary in record.ask(Data, what="vocabulary", where=lambda fact: bool(fact.counts.get("tag_words"))):
        yield Finding(vocabulary.place, _message(vocabulary), (vocabulary.n,))


def _cut_as_they_are(record: Record) -> Iterator[Finding]:
    """Look for vocabularies of the public IMDb reviews, which hold `<br />`, in programs that take nothing out of a text."""
    facts = {fact.id: fact for fact in record.ask(Data)}
    if any(_TAKES_OUT.search(_code(tree)) for _, _, tree in trees(record)):
        return
    here = {PurePath(file_and_cell(key)[0]).stem for key in record.sources}
    if any(_hands_on_to_what_is_not_there(tree, here) for _, _, tree in trees(record)):
        return
    for vocabulary in record.ask(Data, what="vocabulary", where=lambda fact: fact.seen_by == "source"):
        behind = [facts[one] for one in _ancestors(facts, vocabulary)]
        if any(one.samples.get("type") == "IMDB" or _FILE.search(str(one.samples.get("path", ""))) for one in behind):
            yield Finding(
                vocabulary.place,
                f"{expression(record, vocabulary.place)} takes its words from the IMDb reviews, which hold '<br />', and nothing "
                f"takes it out before: pieces of HTML become words. Replace '<br />' by a space before a text is cut up.",
                (vocabulary.n,),
            )
            return


def _hands_on_to_what_is_not_there(tree: ast.Module, here: set[str]) -> bool:
    """Say whether texts go through a function of a file that is not there: `table.review.map(tidy)`."""
    away = {
        name.asname or name.name
        for node in all_nodes(tree)
        if isinstance(node, ast.ImportFrom)
        and not _KNOWN.match(node.module or "")
        and (node.module or "").rpartition(".")[2] not in here
        for name in node.names
    }
    handed = (
        argument
        for node in all_nodes(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("map", "apply")
        for argument in node.args
    )
    return any(isinstance(one, ast.Name) and one.id in away for one in handed)


def _code(tree: ast.Module) -> str:
    """Return a file's code, without what is only said in it and what is only imported."""
    names = [node.name for node in all_nodes(tree) if isinstance(node, ast.FunctionDef)]
    lines = [ast.unparse(node) for outer in all_nodes(tree) for node in _statements(outer) if _does_something(node)]
    return "\n".join((*names, *lines))


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    yield from (one for one in ast.iter_child_nodes(node) if isinstance(one, ast.stmt))


def _does_something(node: ast.stmt) -> bool:
    is_said = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    within = isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    return not is_said and not within


def _ancestors(facts: dict[int, Data], fact: Data) -> list[int]:
    """Return the numbers of all that something was made from, and what that was made from."""
    found: list[int] = []
    waiting = list(fact.made_from)
    while waiting:
        one = waiting.pop()
        if one in facts and one not in found:
            found.append(one)
            waiting += facts[one].made_from
    return found


def _message(vocabulary: Data) -> str:
    tags, counts = vocabulary.samples["tags"], vocabulary.counts
    shown = ", ".join(f"{word!r} ({count:,} times, rank {rank})" for word, count, rank in tags[:3])
    more = int(counts["tag_words"]) - len(tags[:3])
    share = counts["tag_tokens"] / max(1, counts["tokens"])
    return (
        f"'{vocabulary.name or 'the vocabulary'}' counts pieces of HTML as words: {shown}{f' and {more} more' if more else ''}, "
        f"{share:.2%} of all tokens. The score will hardly change, but they take steps of the RNN and mean nothing. "
        f"Replace '<br />' by a space before the text is cut into tokens, for example in the function of Field(tokenize=...)."
    )
