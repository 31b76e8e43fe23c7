"""Watches what programs take from scikit-learn: splits, label encoders, vectorizers and scores; it is never imported here."""

from __future__ import annotations

from collections import Counter
from types import ModuleType
from typing import Any

from rnnlab.watching.data import rows
from rnnlab.watching.data.patches import Patches, Seen
from rnnlab.watching.data.tables import tell_label_map
from rnnlab.watching.describing import Describer


class ScikitLearn:
    """The witness of scikit-learn."""

    def __init__(self, patches: Patches, describer: Describer) -> None:
        self.patches, self.describer = patches, describer
        patches.after_import("sklearn.model_selection", self._watch_splits)
        patches.after_import("sklearn.preprocessing", self._watch_labels)
        patches.after_import("sklearn.feature_extraction.text", self._watch_words)
        patches.after_import("sklearn.metrics", self._watch_scores)

    def _watch_splits(self, module: ModuleType) -> None:
        self.patches.functions(module, {"train_test_split": self._split})

    def _watch_labels(self, module: ModuleType) -> None:
        for name in ("fit", "fit_transform"):
            self.patches.method(module.LabelEncoder, name, self._encoder)

    def _watch_words(self, module: ModuleType) -> None:
        for kind in ("CountVectorizer", "TfidfVectorizer"):
            for name in ("fit", "fit_transform"):
                self.patches.method(getattr(module, kind), name, self._vectorizer)

    def _watch_scores(self, module: ModuleType) -> None:
        self.patches.functions(module, {"accuracy_score": self._score})

    # --- splits --------------------------------------------------------------------------------------------------

    def _split(self, seen: Seen) -> None:
        """Every array is cut in two; the arrays of one part belong together and are one split."""
        arrays, result = seen.args, list(seen.result)
        if len(result) != 2 * len(arrays):
            return
        place, names = self.patches.place(seen.frame), self.patches.binds(seen.frame)
        names = names if len(names) == len(result) else ("",) * len(result)
        parent, cut = self._parent(seen, arrays), self.describer.recorder.new_id()
        for side in (0, 1):
            parts, words = result[side::2], names[side::2]
            chosen = next((i for i, part in enumerate(parts) if rows.texts(part)), 0)
            more: dict[str, Any] = {"cut_by": "train_test_split", "arrays": [word for word in words if word]}
            if labels := next((found for part in parts if (found := rows.described(part)[1].get("labels"))), None):
                more["labels"] = labels
            number = self.describer.tell_rows(
                parts[chosen], place, words[chosen], [parent], what="split", cut=cut, more=more
            )
            for part in parts:
                self.describer.identities.call(part, number)

    def _parent(self, seen: Seen, arrays: tuple[Any, ...]) -> int:
        """Return what the arrays come from; arrays that nobody knows are told of as one dataset."""
        identities = self.describer.identities
        known = [origin for array in arrays if (origin := identities.origin(array)) is not None]
        if known:
            return known[0]
        chosen = next((array for array in arrays if rows.texts(array)), arrays[0])
        name = self.patches.word(seen.frame, chosen)
        ancestors = [ancestor for array in arrays if (ancestor := identities.ancestor(array)) is not None]
        number = self.describer.tell_rows(chosen, self.patches.place(seen.frame), name, ancestors[:1])
        for array in arrays:
            identities.call(array, number)
        return number

    # --- labels and words ----------------------------------------------------------------------------------------

    def _encoder(self, seen: Seen) -> None:
        encoder, given = seen.args[0], seen.argument(1, "y")
        indices = {label: i for i, label in enumerate(encoder.classes_.tolist())}
        times = Counter(given.tolist() if hasattr(given, "tolist") else given)
        origin = self.describer.identities.ancestor(given)
        name = self.patches.word(seen.frame, encoder)
        tell_label_map(self.describer, seen, self.patches, indices, times, origin, type(encoder).__name__, name)

    def _vectorizer(self, seen: Seen) -> None:
        vectorizer, given = seen.args[0], seen.argument(1, "raw_documents")
        words = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.get)
        origins = self.describer.sources(given, self.patches.place(seen.frame))
        name = self.patches.word(seen.frame, vectorizer)
        self.describer.tell_data(
            self.patches.place(seen.frame),
            "vocabulary",
            self.describer.identities.number(vectorizer),
            name,
            origins,
            {"words": float(len(words)), "specials": 0.0, "unrecognised_sources": float(not origins)},
            {"first": [str(word) for word in words[:12]], "specials": [], "made_by": type(vectorizer).__name__},
        )

    # --- scores --------------------------------------------------------------------------------------------------

    def _score(self, seen: Seen) -> None:
        """The accuracy of one batch belongs to the pass that is running."""
        labels, share, loops = seen.argument(0, "y_true"), seen.result, self.describer.recorder.loops
        if isinstance(share, float) and loops and loops[-1].rows == len(labels):
            loops[-1].answered(self.patches.place(seen.frame), round(share * len(labels)))
