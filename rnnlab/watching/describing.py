"""Tells of data objects as facts: what they are, what they were made from, and which reviews they share."""

from __future__ import annotations

import sys
import weakref
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from types import FrameType
from typing import Any

from rnnlab.axes import Symbol
from rnnlab.facts import Data, Place
from rnnlab.watching.data import rows
from rnnlab.watching.data.batches import Paddings, tensor_batch
from rnnlab.watching.data.identities import Identities
from rnnlab.watching.data.things import (
    batch_tensors,
    cut,
    describe,
    is_dataset,
    is_module,
    is_words,
    token_tuples,
)
from rnnlab.watching.places import outward
from rnnlab.watching.recorder import Recorder, Turns

__all__ = ["Describer", "describe", "is_module"]


class Describer:
    """Tells a recorder of data objects; it remembers what belongs to what for as long as the recording runs."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        # The Field that cut the training reviews: a prediction's tokens are compared with what it would give.
        self.cutter: Any = None
        self._fingerprints: dict[int, Counter[int]] = {}
        self._ancestors: dict[int, set[int]] = {}
        self._split_further: set[int] = set()
        self._examples: dict[int, tuple[weakref.ref[Any], set[int]]] = {}
        self._own: dict[int, set[Any]] = {}
        self._cuts: dict[int, tuple[int, int | None]] = {}
        self._uncounted: weakref.WeakKeyDictionary[Turns, set[str]] = weakref.WeakKeyDictionary()
        self.paddings = Paddings()
        self._sizes: dict[int, int] = {}
        self._names: dict[int, str] = {}
        self.identities = Identities(recorder)
        # Called before a data object is told: what was only counted so far is told first.
        self.before_telling: Callable[[], None] = lambda: None
        # Called with the texts of each data object that is told.
        self.rows_told: Callable[[int, Iterable[Any]], None] = lambda number, texts: None

    # --- things --------------------------------------------------------------------------------------------------

    def tell(
        self,
        thing: Any,
        place: Place | None,
        name: str,
        parents: Sequence[Any] = (),
        *,
        position: int = 0,
        of: int = 1,
        stage: str | None = None,
    ) -> int:
        """Tell of a data object and return its identity; parents are told of first."""
        made_from = [self.ensure(parent, place) for parent in parents]
        what, counts, samples = describe(thing)
        if (what == "value" and rows.is_rows(thing)) or (what == "review tokens" and rows.texts(thing)):
            return self.tell_rows(thing, place, name, made_from, stage=stage)
        number = self.identities.number(thing)
        self.mark(number, thing)
        if what == "dataset":
            made_from = self._cut_from(number, thing, made_from)
            own, texts = {id(example) for example in thing.examples}, list(token_tuples(thing))
            samples["shared"] = self._shared(number, texts, own, made_from)
            self.rows_told(number, texts)
        if what == "dataset" and made_from and made_from[0] in self._examples:
            what = "split"
            whole = len(self._examples[made_from[0]][1])
            counts |= {"position": float(position), "of": float(of), "of_parent": float(whole)}
        if what == "table" and not made_from and (ancestor := self.identities.derived_from(thing)) is not None:
            made_from = [ancestor]
        if what == "loader" and (dataset := getattr(thing, "dataset", None)) is not None:
            made_from.append(self.ensure(dataset, place, self.named_in(place, dataset)))
        self.tell_data(place, what, number, name, made_from, counts, samples, stage=stage)
        return number

    def mark(self, number: int, *things: Any) -> None:
        """Remember that a data object stands in for what was not there, if one of these files or objects does."""
        # Where nobody has made stand-ins, their list was never imported.
        registry = sys.modules.get("rnnlab.watching.standins.registry")
        if registry is not None and any(registry.is_stand_in(thing) for thing in things if thing is not None):
            self.recorder.stand_ins.add(number)

    def tell_data(
        self,
        place: Place | None,
        what: str,
        number: int,
        name: str = "",
        made_from: Sequence[int] = (),
        counts: dict[str, float] | None = None,
        samples: dict[str, Any] | None = None,
        *,
        stage: str | None = None,
        fold: Any = None,
    ) -> int:
        """Tell of a data object that was described already, and return its identity; loop turns repeat what has a `fold`."""
        self.before_telling()
        self._names[number] = name
        if not made_from and what in _MADE_OF_ROWS and self.recorder.stand_ins:
            # The program's own code lies between: these rows may well be the made-up ones.
            self.recorder.stand_ins.add(number)
        fact = Data(
            place=place,
            stage=stage or _STAGE_OF.get(what),
            what=what,
            id=number,
            name=name,
            made_from=tuple(dict.fromkeys(made_from)),
            counts=counts or {},
            samples=samples or {},
        )
        if fold is None:
            self.recorder.tell(fact)
        else:
            self.recorder.tell_folded(fact, fold)
        return number

    def tell_rows(
        self,
        thing: Any,
        place: Place | None,
        name: str,
        made_from: Sequence[int] = (),
        *,
        what: str = "dataset",
        cut: int | None = None,
        more: dict[str, Any] | None = None,
        stage: str | None = None,
    ) -> int:
        """Tell of rows (a list, a column, a torch dataset, a part of one) and of the texts that they share with others.

        Rows that nobody is known to have cut are a split of the smallest known ones that hold all their texts. `cut` numbers
        the call that cut them: parts of two cuts of one dataset are two draws, and their common rows are no copies.
        """
        known = self.identities.known(thing)
        behind = self.identities.behind(thing) if known is None else []
        given = list(made_from) or self.identities.origins(thing) if known is None else list(made_from)
        number = self.identities.number(thing)
        self.mark(number, thing)
        counts, samples = rows.described(thing)
        texts, part = rows.texts(thing), rows.chosen(thing)
        self.rows_told(number, texts or ())
        whole = self.identities.number(part[0]) if part is not None else None
        own: set[Any] = {(whole, i) for i in part[1]} if part is not None else set()
        if texts is None and (part is not None or rows.is_torch_dataset(thing)):
            samples["texts"] = "not seen"  # ids, say: whether two rows are one review is not known
        if texts and not given:
            given = self._held_by(number, texts)
            what = "split" if given and self._sizes[given[0]] > len(texts) else what
        given = given or [ancestor for part in behind if (ancestor := self.identities.ancestor(part)) is not None]
        self._cuts[number] = (given[0], cut) if given and cut is not None else (number, None)
        if texts and given and self._fingerprints.get(given[0]) == Counter(map(hash, texts)):
            texts = None  # the very rows of what they were made from, under another name: told of once
        if texts or own:
            samples["shared"] = self._shared(number, texts or (), own, given, are_certain=bool(made_from))
            self._sizes[number] = len(texts or own)
        if overlaps := self._overlaps(number, own):
            samples["overlaps"] = overlaps
        if what == "split" and given and given[0] in self._sizes:
            counts["of_parent"] = float(self._sizes[given[0]])
        return self.tell_data(place, what, number, name, given, counts, samples | (more or {}), stage=stage)

    def ensure(self, thing: Any, place: Place | None, name: str = "") -> int:
        """Return the identity of a data object, telling of it first if nobody has."""
        known = self.identities.known(thing)
        return known if known is not None else self.tell(thing, place, name)

    def sources(self, given: Any, place: Place | None) -> list[int]:
        """Return the data that a vocabulary is built from; rows that nobody told of yet are told of.

        `given` may be rows, or an iterator or generator over rows that has not begun.
        """
        if isinstance(given, dict):
            return []  # counts of words: who counted what is not known
        identities, found = self.identities, []
        for part in identities.behind(given):
            origin = identities.origin(part)
            found.append(origin if origin is not None else self._ensure_part(part, place))
        if found:
            return list(dict.fromkeys(found))
        parts = [given, *rows.parts_of(given)]
        unknown = [part for part in parts if rows.is_rows(part) and (rows.is_torch_dataset(part) or rows.texts(part))]
        return [self.ensure(unknown[0], place, self.named_in(place, unknown[0]))] if len(unknown) == 1 else []

    def _ensure_part(self, part: Any, place: Place | None) -> int:
        """Tell of rows that were made from known ones, but are not all of them."""
        ancestor = self.identities.ancestor(part)
        return self.tell_rows(part, place, self.named_in(place, part), [] if ancestor is None else [ancestor])

    def named_in(self, place: Place | None, dataset: Any) -> str:
        """Return the learner's word for a dataset: the outermost variable that holds it."""
        if place is None:
            return ""
        frame, found = self.recorder.places.learner(sys._getframe(1)), ""
        while frame is not None:
            found = next((n for n, value in list(frame.f_locals.items()) if value is dataset and n != "self"), found)
            frame = self.recorder.places.learner(frame.f_back)
        return found

    def _cut_from(self, number: int, dataset: Any, parents: list[int]) -> list[int]:
        """Return a dataset's parents; one that was cut by hand holds a part of the very same examples as its parent."""
        mine = {id(example) for example in dataset.examples}
        wholes = [] if parents else [n for n, (whole, its) in self._examples.items() if mine and mine < its and whole()]
        self._examples[number] = weakref.ref(dataset), mine
        return parents or sorted(wholes, key=lambda n: len(self._examples[n][1]))[:1]

    def _held_by(self, number: int, texts: Sequence[Hashable]) -> list[int]:
        """Return the smallest known rows that hold all these texts, each as often: the same rows, or those they were cut from."""
        mine = Counter(map(hash, texts))
        wholes = [other for other, theirs in self._fingerprints.items() if other != number and mine <= theirs]
        return sorted(wholes, key=lambda other: self._fingerprints[other].total())[:1]

    def _shared(
        self, number: int, texts: Sequence[Hashable], own: set[Any], parents: list[int], are_certain: bool = True
    ) -> list[dict[str, Any]]:
        """Count the reviews of a dataset that stand in another one as well, text for text, and the same reviews there.

        Where it is not certain what rows were cut from, others that hold all of them, or that they hold, are their whole
        or a part of them rather than copies.
        """
        self._split_further.update(parents)
        above = self._ancestors[number] = set(parents).union(*(self._ancestors.get(p, set()) for p in parents))
        mine = self._fingerprints[number] = Counter(map(hash, texts))
        self._own[number] = own
        shared = []
        for other, theirs in self._fingerprints.items():
            if other == number or other in above or other in self._split_further:
                continue
            if own & self._own[other] or self._are_two_draws(number, other):
                continue  # the very same examples: another draw or fold, no copies
            twice = mine.keys() & theirs.keys()
            if twice and (are_certain or not (mine <= theirs or theirs <= mine)):
                first = next(text for text in texts if hash(text) in twice)
                shared.append(
                    {
                        "with": other,
                        "name": self._names.get(other, ""),
                        "examples": sum(mine[h] for h in twice),
                        "examples_there": sum(theirs[h] for h in twice),
                        "text": cut(first if isinstance(first, str) else " ".join(first)),  # type: ignore[arg-type]
                    }
                )
        return shared

    def _are_two_draws(self, number: int, other: int) -> bool:
        (whole, cut), (its, draw) = self._cuts.get(number, (0, None)), self._cuts.get(other, (0, None))
        return None not in (cut, draw) and whole == its and cut != draw

    def _overlaps(self, number: int, own: set[Any]) -> list[dict[str, Any]]:
        """Count the very rows that two parts of one dataset have in common."""
        others = ((other, len(own & theirs)) for other, theirs in self._own.items() if other != number)
        return [{"with": other, "name": self._names.get(other, ""), "examples": n} for other, n in others if own and n]

    def tell_vocabulary(self, field: Any, given: Sequence[Any], place: Place | None, name: str) -> None:
        """Tell of a Field's vocabulary (or a LabelField's label map) and of the datasets that it was built from."""
        parents = [self.ensure(thing, place) for thing in given if is_dataset(thing)]
        what, counts, samples = describe(field)
        counts["unrecognised_sources"] = float(sum(1 for thing in given if not is_dataset(thing)))
        self.recorder.tell(
            Data(
                place=place,
                stage="vocab",
                what=what,
                id=self.recorder.id_of(field.vocab),
                name=name,
                made_from=tuple(parents),
                counts=counts,
                samples=samples,
            )
        )
        if what == "vocabulary" and self.cutter is None:
            self.cutter = field

    # --- batches -------------------------------------------------------------------------------------------------

    def tell_batch(self, batch: Any, loader: Any, over: int, place: Place | None, turns: Turns) -> None:
        """Name the axes of a batch's tensors, count its padding, and tell of the first (later ones are folded)."""
        what, counts, samples = describe(batch)
        if what != "batch":
            self._tell_tensors(batch, loader, over, place, turns)
            return
        turns.add(**{key: counts[key] for key in PADDING if key in counts})
        turns.rows = int(counts["rows"])
        fact = Data(
            place=place,
            stage="batch",
            what="batch",
            id=self.recorder.new_id(),
            made_from=(over,),
            counts=counts,
            samples=samples,
        )
        n = self.recorder.tell_folded(fact, "batch")
        for _, _, tensors in batch_tensors(batch):
            for axes, tensor in tensors:
                self.recorder.know(tensor, [Symbol(axis, "declared") for axis in axes], (n,))

    def _tell_tensors(self, batch: Any, loader: Any, over: int, place: Place | None, turns: Turns) -> None:
        """Tell of a batch that is a tuple, list or dict of tensors: what they are, with the axes that are known.

        Where the number of rows is certain it is a batch like torchtext's own, and its rows, padding and answers count.
        """
        words = self.recorder.places.binds(place) if place is not None else ()
        seen = tensor_batch(self.recorder, batch, loader, turns.executed, self.paddings, words)
        if seen is None:
            return
        turns.rows = int(seen.counts.get("rows", 0))
        turns.add(**{key: seen.counts[key] for key in PADDING if key in seen.counts})
        # One batch whose padding nobody could count leaves the sum of the pass without a meaning.
        uncounted = self._uncounted.setdefault(turns, set())
        uncounted |= {key for key in PADDING if key not in seen.counts}
        for key in uncounted:
            turns.tally.pop(key, None)
        what, number = ("batch" if turns.rows else "tensors"), self.recorder.new_id()
        fact = Data(
            place=place,
            stage="batch",
            what=what,
            id=number,
            made_from=(over,),
            counts=seen.counts,
            samples=seen.samples,
        )
        n = self.recorder.tell_folded(fact, what)
        for tensor in seen.tensors if turns.rows else ():
            self.recorder.know(tensor, self.recorder.symbols(tensor), (n,))

    # --- predictions ---------------------------------------------------------------------------------------------

    def tell_prediction(self, frame: FrameType, ids: Any, n: int) -> None:
        """Tell of the tokens of a single review that the program made ids of by itself.

        The words are looked for among the variables of the program: a list of strings whose indices are exactly these
        ids, and the text that these words come from. Nothing is told where they are not found.
        """
        field = self.cutter
        found = self._prediction_words(frame, ids) if field is not None and hasattr(field, "vocab") else None
        if found is None or field is None:
            return
        text, tokens, place = found
        expected = [str(token) for token in field.preprocess(text)]
        same = sum(1 for a, b in zip(tokens, expected, strict=False) if a == b)
        # By id: torchtext's stoi takes in every word that it is asked for.
        ids_here, ids_there, unknown = _ids(field, tokens), _ids(field, expected), _unknown_id(field)
        self.recorder.tell(
            Data(
                place=place,
                stage="predict",
                what="prediction tokens",
                id=self.recorder.new_id(),
                made_from=(n,),
                counts={
                    "tokens": float(len(tokens)),
                    "expected": float(len(expected)),
                    "equal_in_place": float(same),
                    "unknown": float(ids_here.count(unknown)),
                    "unknown_expected": float(ids_there.count(unknown)),
                },
                samples={
                    "text": cut(text),
                    "tokens": tokens[:40],
                    "expected": expected[:40],
                    "equal": tokens == expected,
                    # Other tokens may have the same ids (both unknown, say): then the model reads the same.
                    "equal_ids": ids_here == ids_there,
                },
            )
        )

    def _prediction_words(self, frame: FrameType, ids: Any) -> tuple[str, list[str], Place] | None:
        field, numbers = self.cutter, ids.reshape(-1).tolist()
        learners = [f for f in outward(frame) if self.recorder.places.kind(f.f_code.co_filename) == "learner"]
        for here in learners:
            for name, words in list(here.f_locals.items()):
                if is_words(words, len(numbers)) and _ids(field, words) == numbers:
                    text = _written_as(_letters("".join(words)), learners[learners.index(here) :])
                    if text is not None:
                        return text, list(words), self.recorder.places.assignment(here, name)
        return None


_MADE_OF_ROWS = frozenset({"dataset", "split", "vocabulary", "label map", "tokens"})
# What is added up over the batches of a pass.
PADDING = ("rows", "positions", "tokens", "ending_in_padding")

_STAGE_OF = {
    "table": "load",
    "tokens": "tokenize",
    "review tokens": "tokenize",
    "dataset": "split",
    "split": "split",
    "vocabulary": "vocab",
    "label map": "vocab",
    "field": "vocab",
    "loader": "batch",
    "batch": "batch",
    "file": "load",
    "optimizer": "train",
    "scheduler": "train",
    "prediction": "predict",
    "model": "rnn",
}


def _ids(field: Any, words: list[str]) -> list[int | None]:
    unknown = _unknown_id(field)
    return [field.vocab.stoi.get(word, unknown) for word in words]


def _unknown_id(field: Any) -> int | None:
    return field.vocab.stoi.get(field.unk_token)


def _written_as(letters: str, frames: list[FrameType]) -> str | None:
    """Return the text of these letters as it was first given: the outermost frame's, before anything was done to it."""
    for frame in reversed(frames):
        for value in [*frame.f_code.co_consts, *frame.f_locals.values()]:
            if isinstance(value, str) and _letters(value) == letters:
                return value
    return None


def _letters(text: str) -> str:
    """Two texts with the same letters and digits are the same sentence, whatever was done to its spaces, case or marks."""
    return "".join(c for c in text.lower() if c.isalnum())
