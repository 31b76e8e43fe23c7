"""Tokens, vocabularies and label maps: those of torchtext, and those that a program builds by hand."""

from __future__ import annotations

import ast
from typing import Any

from rnnlab.facts import Call, Named
from rnnlab.reading.libraries.registry import ATTRIBUTES, ELEMENTS, ITEMS, called_things, calls, methods
from rnnlab.reading.values import (
    NONE,
    Constant,
    Instance,
    Listing,
    Mapping,
    Number,
    Origins,
    Thing,
    Unknown,
    Value,
    constant,
    deep_origins,
    is_vague,
    made_of,
    options,
    origins_of,
    with_roots,
)

# --- tokens --------------------------------------------------------------------------------------------------------


def tokens(run: Any, node: Any, text: Value, how: str, given: Any | None = None) -> Value:
    """A text is cut into tokens; how is told."""
    origins = deep_origins(text)
    first = 1 if how.startswith("re.") else 0
    words = given.word(first, "text", "string") if given is not None and how != "split" else ""
    separator = constant(given.get(0)) if given is not None and how == "split" else None
    samples: dict[str, Any] = {
        "how": how,
        "text": words or run.story.word(getattr(getattr(node, "func", None), "value", node)),
    }
    if isinstance(separator, str):
        samples["separator"] = separator
    samples["lowered"] = _is_lowered(run, node)
    if run.frame.function is not None:
        samples["function"] = run.frame.function.name
    run.story.data(node, "tokens", run.name(node), origins, samples=samples, key=how)
    return Listing("list", None, Unknown(origins, text="token", vague=is_vague(text)), origins)


def _is_lowered(run: Any, node: Any) -> bool:
    return ".lower()" in run.story.source(node) or ".casefold()" in run.story.source(node)


@calls("torchtext.*.get_tokenizer")
def _get_tokenizer(run: Any, given: Any) -> Value:
    return Thing(
        "torchtext.tokenizer", {"group": "tokenizer", "how": constant(given.get(0, "tokenizer"), given.word(0))}
    )


@calls(
    "spacy.load spacy.blank nltk.tokenize.TweetTokenizer nltk.TweetTokenizer",
    "nltk.tokenize.RegexpTokenizer spacy.lang.en.English nltk.tokenize.WordPunctTokenizer",
    "nltk.RegexpTokenizer sacremoses.MosesTokenizer",
)
def _tokenizer(run: Any, given: Any) -> Value:
    name = constant(given.get(0), "")
    how = f"spacy {name}".strip() if given.callee.root == "spacy" else given.callee.last
    fields = {"group": "tokenizer", "how": how, "pipeline": given.callee.last == "load"}
    fields["disabled"] = given.word(None, "disable", "exclude")
    return Thing(given.callee.name, fields)


@calls(
    "nltk.word_tokenize nltk.tokenize.word_tokenize nltk.tokenize.wordpunct_tokenize",
    "nltk.wordpunct_tokenize jieba.lcut jieba.cut nltk.tokenize.casual_tokenize",
    "gensim.utils.simple_preprocess gensim.utils.tokenize jieba.cut_for_search re.findall re.split",
)
def _tokenized(run: Any, given: Any) -> Value:
    value = given.get(1 if given.callee.root == "re" else 0, "text", "sentence", "string") or Unknown()
    return tokens(run, given.node, value, f"{given.callee.root}.{given.callee.last}", given)


@called_things("tokenizer")
def _cut(run: Any, owner: Thing, given: Any) -> Value:
    value = given.get(0) or Unknown()
    return tokens(run, given.node, value, str(owner.fields["how"]), given)


@methods("tokenizer", "tokenize tokenizer encode make_doc __call__ pipe")
def _cut_by_method(run: Any, owner: Thing, given: Any) -> Value:
    value = given.get(0) or Unknown()
    made = tokens(run, given.node, value, f"{owner.fields['how']} {given.method}", given)
    return Listing("generator", None, made, deep_origins(made)) if given.method == "pipe" else made


@calls("re.sub re.compile html.unescape string.capwords")
def _cleaned(run: Any, given: Any) -> Value:
    value = given.get(2, "string") if given.callee.last == "sub" else given.get(0)
    if given.callee.last == "compile":
        return Thing("re.Pattern", {"group": "pattern", "pattern": constant(given.get(0))})
    return Unknown(deep_origins(value), (), "text", is_vague(value)) if value is not None else Unknown()


@methods("pattern", "findall split")
def _found(run: Any, owner: Thing, given: Any) -> Value:
    return tokens(run, given.node, given.get(0) or Unknown(), f"re {given.method}", given)


@methods("pattern", "sub")
def _replaced(run: Any, owner: Thing, given: Any) -> Value:
    value = given.get(1, "string") or Unknown()
    return Unknown(deep_origins(value), text="text", vague=is_vague(value))


_COUNTED = ("count_words", "distinct_values")

# --- vocabularies that are told -------------------------------------------------------------------------------------


def fed_at(run: Any, node: Any, origins: Origins) -> Any:
    """Return where the data came in: the innermost running call that was given them, and not one of their texts or words
    alone; else the place itself."""
    place = run.story.place(node)
    for frame in reversed(run.frames):
        given = [
            value
            for name, value in frame.arguments.items()
            if name != "self" and not _is_whole_object(value) and deep_origins(value) & origins
        ]
        if frame.place is None or not given:
            break
        place = frame.place
        if not all(_is_one_text(value) for value in given):
            break
    return place


def _is_one_text(value: Value) -> bool:
    """Say whether a value is a text, a word, or the words of one text."""
    if isinstance(value, Listing) and value.element is not None:
        return all(getattr(one, "text", "") in ("token", "character") for one in options(value.element))
    return getattr(value, "text", "") in ("token", "character", "text")


def _is_whole_object(value: Value) -> bool:
    return isinstance(value, Instance) and value.number is None


def own_vocabulary(
    run: Any, node: Any, made: Mapping, origins: Origins, what: str, from_set: bool, certain: bool
) -> None:
    """A dict of the program's own numbers words or labels: it is told once, and again where more words come into it."""
    sources = rows_among(run, origins)
    if not sources:
        return
    earlier = _grown_from(run, made, sources) if what == "vocabulary" else []
    if earlier and not _only_asks_for_the_word(run):
        certain = False
    doubt, run.story.doubt = run.story.doubt, 0
    try:
        counted = [
            fact for n in made_of([made.fields["key"]]) if getattr(fact := run.story.facts[n], "what", "") in _COUNTED
        ]
        place = counted[0].place if counted else fed_at(run, node, frozenset(sources))
        dict_place = run.story.place(node)
        samples: dict[str, Any] = {"made_by": "a dict", "numbered_at": dict_place.line if dict_place else 0}
        if dict_place is not None:
            samples["numbered_in"] = [dict_place.file, dict_place.cell]
        if from_set:
            samples["order"] = "set"
        if what == "label map":
            samples["numbered_by"] = "a dict"
            samples["labels"] = []
        vague = len(sources) > 1 and is_vague(made.fields["key"])
        if earlier:
            samples["grew"] = True
        number = run.story.data(
            node,
            what,
            run.name(node),
            [*sources, *earlier],
            {},
            samples,
            place=place,
            key=what,
            certain=certain and not vague,
        )
        run.heap.write(made.fields, "number", number)
        made.fields["of_rows"] = [*made.fields.get("of_rows", ()), *sources]  # also where a branch is taken back
    finally:
        run.story.doubt = doubt


def _grown_from(run: Any, made: Mapping, sources: list[int]) -> list[int]:
    """Return the rows whose words a dict had numbered before words of other rows come into it."""
    before = made.fields.get("of_rows", ())
    return [] if set(sources) <= set(before) else sorted(set(before) - set(sources))


def _only_asks_for_the_word(run: Any) -> bool:
    """Say whether words come into a dict whatever the program was told: the branches ask only whether they are there."""
    asked = [
        test for test in run.tests if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.In | ast.NotIn)
    ]
    return len(asked) == len(run.tests) == run.story.doubt


def counting(run: Any, node: Any, key: Value | None, what: str = "count_words") -> Value | None:
    """Words of the data are counted (or each taken once): told where they came in, and the words remember it."""
    if key is None or not (sources := rows_among(run, deep_origins(key))):
        return key
    place = fed_at(run, node, frozenset(sources))
    call = Call(place=place, stage="vocab", what=what, binds=run.binds(node), values={"data": sources})
    n = run.story.call(node, call, str(sources))
    kept = Unknown(deep_origins(key), (*made_of([key]), n), getattr(key, "text", ""), is_vague(key))
    return kept if isinstance(key, Unknown) else with_roots(key, NONE, (n,))


def from_set(run: Any, node: Any, element: Value, origins: Origins) -> Value:
    """Return what stands for the elements of a set: in no order that a second process would give again."""
    kept = counting(run, node, element, "distinct_values") or element
    of = "tokens" if "token" in _text(element) else "labels" if "label" in _text(element) else "values"
    return Unknown(deep_origins(element) | origins, made_of([kept]), f"from a set of {of}", is_vague(element))


def _text(value: Value) -> str:
    return " ".join(str(getattr(one, "text", "")) for one in options(value))


def rows_among(run: Any, origins: Origins) -> list[int]:
    """Return those origins that are rows, not vocabularies or models."""
    found = []
    for number in sorted(origins):
        told = run.story.by_id(number)
        if told is not None and told.what in ("table", "file", "dataset", "split", "loader", "batch"):
            found.append(number)
    return found


def tell_label_map(run: Any, node: Any, labels: Mapping, origins: Origins) -> None:
    """A dict that the program wrote gives labels their numbers."""
    pairs = [[str(name), constant(value), 0] for name, value in labels.items.items()]
    pairs.sort(key=lambda pair: pair[1])
    counts = {"classes": float(len({pair[1] for pair in pairs}))}
    run.story.data(node, "label map", "", origins, counts, {"labels": pairs, "numbered_by": "a dict"})


def make_vocabulary(
    run: Any, given: Any, source: Value | None, how: str, options: dict[str, Any] | None = None
) -> Thing:
    """Make a vocabulary of a library: what it was built from, and with which options."""
    origins = rows_among(run, deep_origins(source)) if source is not None else []
    vague = len(origins) > 1 and is_vague(source)
    samples = {"made_by": how, "options": options or {}}
    specials = given.get(None, "specials")
    if isinstance(specials, Listing) and specials.items is not None:
        samples["specials"] = [constant(one, "?") for one in specials.items]
    counts = {"unrecognised_sources": float(not origins)}
    place = fed_at(run, given.node, frozenset(origins)) if origins else None
    number = run.story.data(
        given.node, "vocabulary", run.name(given.node), origins, counts, samples, certain=not vague, place=place
    )
    return Thing("vocabulary", {"group": "vocabulary", "specials": samples.get("specials")}, number=number)


@calls("torchtext.*.build_vocab_from_iterator torchtext.*.vocab torchtext.*.Vocab")
def _built(run: Any, given: Any) -> Value:
    source = given.get(0, "iterator", "ordered_dict", "counter")
    options = {
        k: noted_plain(v)
        for k, v in given.named.items()
        if k in ("min_freq", "max_tokens", "special_first", "max_size")
    }
    return make_vocabulary(run, given, source, given.callee.last, options)


def noted_plain(value: Value) -> Any:
    """Return an option as plain data."""
    from rnnlab.reading.libraries.torch_layers import noted

    return noted(value)


@called_things("vocabulary")
def _look_up(run: Any, owner: Thing, given: Any) -> Value:
    origins = origins_of(given.values()) | deep_origins(owner)
    return Listing("list", None, Number(run.size(), "index", origins), origins)


@methods("vocabulary", "lookup_indices forward")
def _indices(run: Any, owner: Thing, given: Any) -> Value:
    return _look_up(run, owner, given)


@methods("vocabulary", "lookup_token lookup_tokens")
def _words(run: Any, owner: Thing, given: Any) -> Value:
    return Unknown(deep_origins(owner), text="token")


@methods("vocabulary", "get_stoi")
def _stoi(run: Any, owner: Thing, given: Any) -> Value:
    return numbering(owner)


def numbering(owner: Thing) -> Mapping:
    """Return the dict from words to indices of a vocabulary."""
    made = Mapping({}, None, None, deep_origins(owner))
    made.fields["number"] = owner.number
    made.fields["of"] = owner
    return made


@methods("vocabulary", "set_default_index append_token insert_token load_vectors")
def _changed(run: Any, owner: Thing, given: Any) -> Value:
    call = Call(
        place=run.story.place(given.node),
        stage="vocab",
        what=given.method,
        values={"vocabulary": owner.number, "given": given.word(0)},
    )
    run.story.call(given.node, call, ())
    return Constant(None)


def _vocabulary_attribute(run: Any, owner: Thing, name: str, node: Any) -> Value | None:
    if name in ("stoi", "word2idx", "vocabulary_"):
        return numbering(owner)
    if name in ("itos", "freqs"):
        return Listing("list", None, Unknown(deep_origins(owner), text="token"), deep_origins(owner))
    if name == "vectors":
        from rnnlab.reading.values import Tensor

        size = owner.fields.setdefault("size", run.size())
        return Tensor((size, run.size()), None, "float32", deep_origins(owner))
    return None


def looked_up(run: Any, number: int | None, key: Value, node: Any) -> Value:
    """Tell of a word that is looked up by `vocabulary[word]`, which has no answer of its own for unknown words."""
    word = getattr(node, "slice", None)
    call = Call(
        place=run.story.place(node),
        stage="vocab",
        what="look_up",
        inputs=(Named(run.story.word(word) if word is not None else "", run.story.note(key)),),
        values={"vocabulary": number, "key": constant(key), "data": rows_among(run, deep_origins(key))},
    )
    run.story.call(node, call, str((constant(key), call.values["data"])))
    origins = frozenset({number}) if number is not None else frozenset()
    # A known word's index goes by its spelling, as an option of a layer does.
    text = run.story.word(node) if isinstance(key, Constant) else "index"
    return Number(run.size(), text, origins | deep_origins(key))


def _vocabulary_item(run: Any, owner: Thing, key: Value, node: Any) -> Value:
    return looked_up(run, owner.number, key, node)


ATTRIBUTES["vocabulary"] = _vocabulary_attribute
ITEMS["vocabulary"] = _vocabulary_item
ELEMENTS["vocabulary"] = lambda run, owner, node: Unknown(deep_origins(owner), text="token")


# --- pretrained vectors ----------------------------------------------------------------------------------------------


@calls(
    "torchtext.*.GloVe torchtext.*.FastText torchtext.*.Vectors torchtext.*.CharNGram",
    "gensim.downloader.load gensim.models.Word2Vec gensim.models.KeyedVectors.load_word2vec_format",
    "gensim.models.keyedvectors.KeyedVectors.load_word2vec_format",
)
def _vectors(run: Any, given: Any) -> Value:
    call = Call(
        place=run.story.place(given.node),
        stage="embed",
        what="vectors",
        binds=run.binds(given.node),
        values={"of": given.callee.last},
    )
    n = run.story.call(given.node, call, ())
    return Thing("vectors", {"group": "vectors"}, origins_of(given.values()), (n,))


def _vectors_item(run: Any, owner: Thing, key: Value, node: Any) -> Value:
    from rnnlab.reading.values import Tensor

    return Tensor((run.size(),), None, "float32", deep_origins(key), owner.made)


@methods("vectors", "get_vecs_by_tokens get_vector get")
def _vectors_of(run: Any, owner: Thing, given: Any) -> Value:
    from rnnlab.reading.values import Tensor

    return Tensor((run.size(), run.size()), None, "float32", origins_of(given.values()), owner.made)


ITEMS["vectors"] = _vectors_item
