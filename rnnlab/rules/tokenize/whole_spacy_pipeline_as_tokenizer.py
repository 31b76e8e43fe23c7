"""# The whole spaCy pipeline runs to get tokens alone

**What happened.** `nlp(text)` tags, parses and looks for names in every review, and only the words are read from the result.

**Why it matters.** Time alone: spaCy's own table gives its English pipeline 10,014 words a second on a CPU, so 10 million
words (the IMDb reviews, about) take 17 minutes. Its tokenizer alone did 5.8 million words a second where this was written
(it keeps what it did with words that it has seen).

**Fix.** `nlp.tokenizer(text)`, or `spacy.blank("en")` in place of `spacy.load(...)`. The tokens are the same.

```python bad
import spacy

has_model = spacy.util.is_package("en_core_web_sm")  # python -m spacy download en_core_web_sm
nlp = spacy.load("en_core_web_sm") if has_model else spacy.blank("en")


def tokens(text):
    return [token.lower_ for token in nlp(text)]  # <- found here


print([tokens(f"a fine film number {i}") for i in range(3)])
```

```python good
import spacy

nlp = spacy.blank("en")


def tokens(text):
    return [token.lower_ for token in nlp(text)]


print([tokens(f"a fine film number {i}") for i in range(3)])
```
"""

import ast
from collections.abc import Iterator

from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, place_of, trees, with_parents
from rnnlab.rules.asking.tables import bound, last_word
from rnnlab.rules.kit import Finding, Unseen, rule

_FEWER = {"disable", "exclude", "enable"}
_SWITCHES = {"select_pipes", "disable_pipes", "remove_pipe", "disable_pipe"}
_NEEDED = {
    *(
        "pos_",
        "pos",
        "tag_",
        "tag",
        "dep_",
        "dep",
        "lemma_",
        "lemma",
        "ents",
        "ent_type_",
        "ent_type",
        "ent_iob_",
        "head",
    ),
    *("sents", "noun_chunks", "morph", "subtree", "cats", "is_sent_start"),
}


@rule(level="habit", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for calls of a whole pipeline where nothing that its parts add is read."""
    files = list(trees(record))
    if not any("spacy" in text for _, text, _ in files):
        raise Unseen("no text is cut by spaCy")
    nodes = [node for _, _, tree in files for node in all_nodes(tree)]
    whole = {name for node in nodes if isinstance(node, ast.stmt) for name, value in bound(node) if _is_whole(value)}
    read = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    if not whole or read & (_NEEDED | _SWITCHES):
        return
    for key, text, tree in files:
        for node, around in with_parents(tree):
            if not isinstance(node, ast.Call) or not _runs(node, whole) or _is_prediction(around):
                continue
            name = ast.unparse(node.func).removesuffix(".pipe")
            yield Finding(
                place_of(key, text, node),
                f"{ast.unparse(node)[:60]} runs the tagger, the parser and the name finder, and only the words are read. Write "
                f"{name}.tokenizer(...), or spacy.blank('en') in place of spacy.load: the same tokens in a fraction of the time.",
            )


def _is_whole(value: ast.expr) -> bool:
    if isinstance(value, ast.IfExp):
        return _is_whole(value.body) or _is_whole(value.orelse)
    if not isinstance(value, ast.Call) or last_word(value) != "load":
        return False
    library = ast.unparse(value.func).partition(".")[0]
    return (library == "spacy" or "_core_" in library) and not _FEWER & {option.arg for option in value.keywords}


def _runs(call: ast.Call, whole: set[str]) -> bool:
    return ast.unparse(call.func).removesuffix(".pipe") in whole and len(call.args) == 1


def _is_prediction(around: tuple[ast.AST, ...]) -> bool:
    """One sentence costs milliseconds."""
    return any(isinstance(one, ast.FunctionDef) and "predict" in one.name for one in around)
