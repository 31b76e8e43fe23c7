"""Errors of tokenizing: models of spaCy, and texts of which nothing is left."""

from __future__ import annotations

import re

from rnnlab.errors.kit import Explanation, code, explains, one_of, shown
from rnnlab.facts import Crash, Data
from rnnlab.record import Record


@explains("OSError", r"\[E941\]|\[E050\]")
def spacy_shortcut_is_gone(record: Record, crash: Crash) -> Explanation | None:
    """`spacy.load('en')`, which torchtext's tokenize='spacy' still does, needs the model's whole name today."""
    shortcut = re.search(r"Can't find model '(en|de|fr|es|it|pt|nl)'", crash.message)
    if shortcut is None:
        return None
    model = f"{shortcut[1]}_core_web_sm" if shortcut[1] == "en" else f"{shortcut[1]}_core_news_sm"
    by_torchtext = any(name.startswith("torchtext") for name in crash.values.get("beneath") or [])
    write = f"Field(tokenize='spacy', tokenizer_language='{model}')" if by_torchtext else f'spacy.load("{model}")'
    asked = "torchtext's tokenize='spacy' asks" if by_torchtext else "it asks"
    return Explanation(
        f"{code(record, crash.place)}: {asked} spaCy for a model called '{shortcut[1]}'.",
        f"Such shortcuts ended with spaCy 3: the model's name is {model}.",
        f"write `{write}`; if spaCy then does not find it: `python -m spacy download {model}`",
    )


@explains("OSError", r"\[E050\]")
def spacy_model_is_not_installed(record: Record, crash: Crash) -> Explanation | None:
    """The model has the right name but was never downloaded."""
    model = re.search(r"Can't find model '([\w.-]+)'", crash.message)
    if model is None:
        return None
    return Explanation(
        f"{code(record, crash.place)} asks spaCy for the model '{model[1]}'.",
        "spaCy's models are packages of their own, and this one is not installed in this Python.",
        f"run `python -m spacy download {model[1]}`; where only the words are needed, `spacy.blank('en')` needs "
        "no download",
    )


@explains("RuntimeError", r"Length of all samples has to be greater than 0")
def text_without_a_token(record: Record, crash: Crash) -> Explanation | None:
    """A text of the batch has no token left, so its length is 0 and it cannot be packed."""
    lengths = crash.values.get("lengths") or {}
    if not lengths.get("empty"):
        return None
    empty, count, position = lengths["empty"], lengths["count"], lengths["first_empty"]
    given = f"; {shown(crash.inputs[0])}" if crash.inputs else ""
    are = "is" if empty == 1 else "are"
    known = [int(fact.counts["empty"]) for fact in record.ask(Data) if fact.counts.get("empty")]
    rows = f" The data has {one_of(max(known), 'such text')}." if known else ""
    return Explanation(
        f"{code(record, crash.place)}: {empty} of the {count} lengths {are} 0, the first at position {position} of "
        f"the batch{given}.",
        "A text of this batch has no token left: it was empty, or the tokenizer (or a stop-word list) took every "
        "word away." + rows,
        "drop such rows before training, for instance "
        "`data.TabularDataset(..., filter_pred=lambda example: len(example.text) > 0)` or "
        "`table[table.text.str.strip() != '']`",
    )
