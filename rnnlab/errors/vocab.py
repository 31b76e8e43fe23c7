"""Errors of vocabularies and labels: words without an index, vocabularies that were never built or cannot be saved."""

from __future__ import annotations

import re

from rnnlab.errors.kit import Explanation, code, explains
from rnnlab.facts import Crash
from rnnlab.record import Record


@explains("KeyError")
def unknown_label(record: Record, crash: Crash) -> Explanation | None:
    """A LabelField meets a label that was not there when its vocabulary was built."""
    values = crash.values
    if values.get("sequential") is not False or not values.get("known"):
        return None
    name = values.get("field") or "the LabelField"
    known = ", ".join(f"'{word}'" for word in values["known"])
    return Explanation(
        f"{code(record, crash.place)}: {name}.vocab has no label '{values['key']}'; it has {known}.",
        "The labels were counted on other rows than the ones that are read now, or this row's label is spelt in "
        "another way.",
        "look at the labels of all files; build the label map on the training split that has every class: "
        f"`{name}.build_vocab(train)`",
    )


@explains("KeyError")
def unknown_word_has_no_index(record: Record, crash: Crash) -> Explanation | None:
    """A word that the vocabulary never saw is looked up in one that has no index for unknown words."""
    values = crash.values
    if values.get("key_type") != "str" or not values.get("vocabulary_size") or values.get("sequential") is False:
        return None
    key, size = values["key"], values["vocabulary_size"]
    if "field_type" in values:
        name = values.get("field") or "the field"
        return Explanation(
            f"{code(record, crash.place)}: the word '{key}' is not among the {size:,} of {name}.vocab, and "
            f"{name} has no unk_token.",
            "A word that was not in the training texts needs an index of its own, that of <unk>.",
            f"leave `unk_token=None` out of {name} = Field(...) and build the vocabulary again",
        )
    name, unknown = values.get("vocabulary", "the vocabulary"), values.get("unknown")
    write = f"{name}.get(word, {name}['{unknown}'])" if unknown else f"{name}.get(word, {name}['<unk>'])"
    first = "" if unknown else f"give <unk> an index when you build {name}; then "
    return Explanation(
        f"{code(record, crash.place)}: the word '{key}' is not among the {size:,} words of {name}.",
        "A word that was not in the training texts needs an index of its own, that of <unk>; a plain dictionary "
        "has none for it.",
        f"{first}write `{write}`",
    )


@explains("AttributeError", r"'\w*Field' object has no attribute 'vocab'")
def numericalised_before_build_vocab(record: Record, crash: Crash) -> Explanation | None:
    """A Field turns words into indices before its vocabulary was built."""
    values = crash.values
    kind = values.get("owner") or "Field"
    name = values.get("owner_name") or values.get("field") or f"this {kind}"
    at_batch = any("data.batch" in one or "data.iterator" in one for one in values.get("beneath") or [])
    doing = "a batch is made of it" if at_batch else "it is used"
    return Explanation(
        f"{code(record, crash.place)}: {name} is a {kind} without a vocabulary, and {doing}.",
        f"A {kind} numbers its words only after `build_vocab`; every Field of the data set needs that, the one "
        "of the labels as well.",
        f"call `{name if ' ' not in name else 'FIELD'}.build_vocab(train)` before this line",
    )


_LOCAL = r"Can't (?:pickle|get) (?:local object '?|<function )"


@explains("AttributeError PicklingError TypeError", _LOCAL)
def what_was_saved_cannot_be_pickled(record: Record, crash: Crash) -> Explanation | None:
    """Something that holds a lambda or a function inside a function is saved whole."""
    found = re.search(_LOCAL + r"([\w.<>]+)", crash.message)
    if found is None:
        return None
    inner = found[1].strip("'")
    is_lambda = inner.endswith("<lambda>")
    short = "a lambda" if is_lambda else f"`{inner.rpartition('.')[2]}`, which is defined inside a function"
    values = crash.values
    kind, name = values.get("saved"), values.get("saved_name")
    saved = f"{name} ({_a(kind)})" if kind and name else _a(kind) if kind else "what is saved"
    is_field = bool(kind) and (kind.endswith("Field") or kind in {"Vocab", "dict", "TabularDataset", "Dataset"})
    cure = "give the tokenizer a name at the top level of the file: `def tokenize(text): ...`"
    if is_field:
        cure += (
            f", or save the words alone: `torch.save({name or 'TEXT'}.vocab.itos, path)`"
            if "Field" in str(kind)
            else ""
        )
    elif kind and kind not in {"function"}:
        cure = "save the weights alone: `torch.save(model.state_dict(), path)`"
        if not is_lambda:
            cure += ", or define the class at the top level of the file"
    return Explanation(
        f"{code(record, crash.place)}: {saved} holds {short}.",
        "Pickle saves a function or class by its name only, and finds only names at the top level of a module again.",
        cure,
    )


def _a(kind: str | None) -> str:
    return f"{'an' if kind and kind[0] in 'AEIO' else 'a'} {kind}"


@explains("ValueError", r"invalid literal for int\(\)|could not convert string to float")
def label_words_are_read_as_numbers(record: Record, crash: Crash) -> Explanation | None:
    """A Field with use_vocab=False meets words where it wants numbers."""
    word = re.search(r"(?:base 10|to float): '(.*)'", crash.message)
    if word is None or not any(one.startswith("torchtext.data.field") for one in crash.values.get("beneath") or []):
        return None
    return Explanation(
        f"{code(record, crash.place)}: a Field with use_vocab=False wants numbers and got '{word[1]}'.",
        "With use_vocab=False the column must hold numbers already. A word here is a label's name, or the header "
        "line read as a row.",
        "use `data.LabelField(dtype=torch.long)` and `build_vocab`; for a header: `TabularDataset(..., "
        "skip_header=True)`",
    )
