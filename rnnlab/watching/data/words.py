"""Watches tokenizers that the program calls itself, and vocabularies of every torchtext."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from rnnlab.facts import Place
from rnnlab.watching.data.patches import Patches, Seen
from rnnlab.watching.data.tallies import Tallies
from rnnlab.watching.data.things import cut, describe
from rnnlab.watching.describing import Describer
from rnnlab.watching.replacing import replaced

_MOST_SHOWN = 24


class Words:
    """The witness of tokenizing and of vocabularies that no Field built."""

    def __init__(self, patches: Patches, describer: Describer, tallies: Tallies) -> None:
        self.patches, self.describer, self.tallies = patches, describer, tallies
        patches.after_import("spacy.language", self._watch_spacy)
        patches.after_import("torchtext.data.utils", self._watch_tokenizers)
        patches.after_import("torchtext.vocab", self._watch_vocabularies)
        # What is served in the place of a newer torchtext is called by what stands between.
        patches.after_import("rnnlab.watching.bridges.vocab", self._watch_vocabularies)

    # --- tokenizers ----------------------------------------------------------------------------------------------

    def _watch_spacy(self, module: ModuleType) -> None:
        language = module.Language
        undo = self.patches.until_the_end
        original, pipe = vars(language)["__call__"], vars(language)["pipe"]
        undo(replaced(language, "__call__", self._counted(original, 1)))
        undo(replaced(language, "pipe", self._piped(pipe)))

    def _watch_tokenizers(self, module: ModuleType) -> None:
        """The functions behind `get_tokenizer`: what it gives out is what is called."""
        names = ("_basic_english_normalize", "_spacy_tokenize", "_split_tokenizer")
        found = {name: vars(module)[name] for name in names if name in vars(module)}
        self.patches.instead(module, {name: self._counted(one, 0) for name, one in found.items()})

    def _counted(self, original: Callable[..., Any], position: int) -> Callable[..., Any]:
        """Count what a tokenizer makes of the text that it is given at a position."""
        kind, recorder, count = self.patches.recorder.places.kind, self.patches.recorder, self._count

        @functools.wraps(original)
        def tokenize(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            frame = sys._getframe(1)
            # A program cuts its texts a hundred thousand times: this is as short as it can be.
            if self.patches.is_active and not recorder.quiet and kind(frame.f_code.co_filename) == "learner":
                count(recorder.places.place(frame), args[position] if len(args) > position else "", result)
            return result

        return tokenize

    def _piped(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def pipe(*args: Any, **kwargs: Any) -> Iterator[Any]:
            made = original(*args, **kwargs)
            frame = self.patches.learners(sys._getframe(1))
            return made if frame is None else self._counted_pipe(made, self.patches.place(frame))

        return pipe

    def _counted_pipe(self, docs: Iterator[Any], place: Place) -> Iterator[Any]:
        for doc in docs:
            one = doc[0] if isinstance(doc, tuple) else doc
            self._count(place, "", one)
            yield doc

    def _count(self, place: Place, text: Any, tokens: Any) -> None:
        """Add the tokens of one text to the sums of its line; what has no length is not counted."""
        try:
            length = len(tokens)
        except TypeError:
            return
        tally = self.tallies.of("tokens", place)
        if tally is None:
            with self.patches.recorder.guarded():
                first = [str(token) for token in list(tokens)[:_MOST_SHOWN]]
                shown = {"text": cut(str(text))} if isinstance(text, str) and text else {}
                tally = self.tallies.begin("tokens", place, samples={"first": first, **shown})
                tally.counts = dict.fromkeys(("texts", "tokens", "longest", "empty"), 0.0)
        if tally is None:
            return
        counts = tally.counts
        counts["texts"] += 1
        counts["tokens"] += length
        if length > counts["longest"]:
            counts["longest"] = float(length)
        if not length:
            counts["empty"] += 1

    # --- vocabularies --------------------------------------------------------------------------------------------

    def _watch_vocabularies(self, module: ModuleType) -> None:
        built = {
            name: self._built(getattr(module, name))
            for name in ("build_vocab_from_iterator", "vocab")
            if callable(vars(module).get(name))
        }
        self.patches.instead(module, built)
        if isinstance(vars(module).get("Vocab"), type):
            self.patches.method(module.Vocab, "__init__", self._made)

    def _built(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """What an iterator goes over is looked up before it is used up."""

        @functools.wraps(original)
        def build(*args: Any, **kwargs: Any) -> Any:
            frame = self.patches.learners(sys._getframe(1))
            if frame is None:
                return original(*args, **kwargs)
            sources: list[int] = []
            place = self.patches.place(frame)
            with self.patches.recorder.guarded():
                sources = self.describer.sources(next(iter([*args, *kwargs.values()]), None), place)
            vocab = original(*args, **kwargs)
            with self.patches.recorder.guarded():
                self._tell(vocab, place, self.patches.name(frame), sources)
            return vocab

        return build

    def _tell(self, vocab: Any, place: Place, name: str, sources: list[int]) -> None:
        what, counts, samples = describe(vocab)
        if what != "vocabulary":
            return
        counts["unrecognised_sources"] = float(not sources)
        number = self.describer.identities.number(vocab)
        self.describer.tell_data(place, what, number, name, sources, counts, samples)

    def _made(self, seen: Seen) -> None:
        """`Vocab(counter)` of the learner's own: what was counted is not known."""
        vocab = seen.args[0]
        frame = self.patches.maker(seen.frame, vocab)
        if self.describer.identities.known(vocab) is None:
            given = seen.args[1] if len(seen.args) > 1 else next(iter(seen.kwargs.values()), None)
            place = self.patches.place(frame)
            self._tell(vocab, place, self.patches.name(frame), self.describer.sources(given, place))
