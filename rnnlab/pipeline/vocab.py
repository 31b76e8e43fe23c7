"""Stage 4: number the words and the labels, from the training split alone."""

from __future__ import annotations

from torchtext.data import Dataset, Field, LabelField


def vocab(
    train_data: Dataset, text_field: Field, label_field: LabelField, size: int = 20_000
) -> tuple[Field, LabelField]:
    """Build the vocabulary of the `size` most frequent words (plus `<unk>` and `<pad>`), and the label map.

    A LabelField numbers labels by how often they occur: with 17,019 '1' and 16,981 '0' the map is {'1': 0, '0': 1}.
    """
    text_field.build_vocab(train_data, max_size=size)
    label_field.build_vocab(train_data)
    return text_field, label_field
