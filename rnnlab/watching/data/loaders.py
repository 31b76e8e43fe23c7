"""Watches torch's own data tools: datasets, their parts, and loaders."""

from __future__ import annotations

import functools
from typing import Any

from rnnlab.watching.data import rows
from rnnlab.watching.data.patches import Patches, Seen
from rnnlab.watching.data.things import describe
from rnnlab.watching.describing import Describer


class Loaders:
    """The witness of `torch.utils.data`; torch has been imported when it is made."""

    def __init__(self, patches: Patches, describer: Describer) -> None:
        self.patches, self.describer = patches, describer
        import torch.utils.data as data
        from torch.nn.utils import rnn

        patches.functions(data, {"random_split": self._split})
        patches.method(data.Subset, "__init__", self._made_rows)
        patches.method(data.TensorDataset, "__init__", self._made_rows)
        patches.method(data.DataLoader, "__init__", self._made_loader)
        patches.instead(rnn, {"pad_sequence": self._padding(rnn.pad_sequence)})

    def _split(self, seen: Seen) -> None:
        place, names = self.patches.place(seen.frame), self.patches.binds(seen.frame)
        whole = seen.argument(0, "dataset")
        parent = self.describer.ensure(whole, place, self.patches.word(seen.frame, whole))
        cut, more = self.describer.recorder.new_id(), {"cut_by": "random_split"}
        for i, part in enumerate(seen.result):
            name = names[i] if len(names) == len(seen.result) else ""
            self.describer.tell_rows(part, place, name, [parent], what="split", cut=cut, more=more)

    def _made_rows(self, seen: Seen) -> None:
        made = seen.args[0]
        frame = self.patches.maker(seen.frame, made)
        place, name = self.patches.place(frame), self.patches.name(frame)
        if self.describer.identities.known(made) is not None:
            return
        if not rows.is_subset(made):
            self.describer.tell_rows(made, place, name)
            return
        parent = self.describer.ensure(made.dataset, place)
        self.describer.tell_rows(made, place, name, [parent], what="split", more={"cut_by": "Subset"})

    def _made_loader(self, seen: Seen) -> None:
        loader = seen.args[0]
        frame = self.patches.maker(seen.frame, loader)
        if describe(loader)[0] == "loader":
            self.describer.tell(loader, self.patches.place(frame), self.patches.name(frame))

    def _padding(self, original: Any) -> Any:
        """Remember what was padded up: a batch says no more how long its reviews were."""

        @functools.wraps(original)
        def pad_sequence(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            if self.patches.is_active:
                with self.patches.recorder.guarded():
                    sequences = args[0] if args else kwargs["sequences"]
                    first = args[1] if len(args) > 1 else kwargs.get("batch_first", False)
                    if isinstance(sequences, list | tuple):
                        self.describer.paddings.remember(result, sequences, bool(first))
            return result

        return pad_sequence
