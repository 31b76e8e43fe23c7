"""What is seen of whole models: rows, spans and axis names."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from small_models import (
    RNN,
    WORDS,
    Attention,
    Bags,
    Bidirectional,
    Cells,
    Packed,
    Plain,
    Pooled,
    axes,
    calls,
    lengths,
    made,
    spans,
    text,
)
from torch import Tensor, nn

from rnnlab.facts import Crash, PackedNote, Scope, TensorNote
from rnnlab.record import Record
from rnnlab.verbs.trace import trace
from rnnlab.watching.watch import Watch, new_record

# (seq_len, batch, emb, hid, classes): whatever coincides, the names are the same.
SIZES = pytest.mark.parametrize(
    "sizes", [(7, 3, 4, 5, 2), (5, 5, 4, 6, 2), (7, 3, 5, 5, 2), (7, 2, 4, 5, 2), (3, 3, 3, 3, 3)]
)


@SIZES
@pytest.mark.parametrize("rnn", [nn.LSTM, nn.GRU, nn.RNN])
def test_the_plain_model(sizes: tuple[int, ...], rnn: type[nn.Module]) -> None:
    seq_len, batch, emb, hid, classes = sizes
    record = trace(Plain(rnn, emb, hid, classes), text(seq_len, batch))
    embedding, recurrent, *_, head = [c for c in calls(record) if c.what != "index"]
    assert axes(embedding.inputs[0].note) == "seq_len batch"
    assert axes(embedding.output) == "seq_len batch emb"
    output, state = recurrent.output.items  # type: ignore[union-attr]
    hidden = state.note.items[0] if rnn is nn.LSTM else state
    assert axes(output.note) == "seq_len batch hid"
    assert axes(hidden.note) == "layers batch hid" and hidden.note.shape == (1, batch, hid)
    assert axes(head.inputs[0].note) == "batch hid"
    assert axes(head.output) == "batch classes"


@SIZES
def test_the_packed_model(sizes: tuple[int, ...]) -> None:
    seq_len, batch, emb, hid, classes = sizes
    record = trace(Packed(emb, hid, classes), text(seq_len, batch), lengths(seq_len, batch))
    (packing,), (unpacking,) = calls(record, "pack_padded_sequence"), calls(record, "pad_packed_sequence")
    packed = packing.output
    assert isinstance(packed, PackedNote) and (packed.seq_len, packed.batch) == (seq_len, batch)
    assert packed.tokens == int(lengths(seq_len, batch).sum()) and axes(packed) == "tokens emb"
    assert packing.binds == ("packed",) and [i.name for i in packing.inputs] == ["embedded", "text_length.cpu()"]
    assert axes(packing.inputs[1].note) == "batch"
    assert axes(unpacking.output.items[0].note) == "seq_len batch hid"  # type: ignore[union-attr]
    assert axes(calls(record, "linear")[0].output) == "batch classes"


def test_an_axis_squeezed_in_place_stays_in_the_earlier_row() -> None:
    record = trace(Packed(), text(7, 3), lengths(7, 3))
    (recurrent,), (squeezed,) = calls(record, "lstm"), calls(record, "squeeze")
    assert "hidden (1, batch=3, hid=5)" in made(record, "lstm")
    assert recurrent.output.items[1].note.items[0].note.shape == (1, 3, 5)  # type: ignore[union-attr]
    assert squeezed.inputs[0].note.shape == (1, 3, 5)  # type: ignore[union-attr]
    assert squeezed.output.shape == (3, 5)  # type: ignore[union-attr]
    assert calls(record, "linear")[0].inputs[0].note.made_by == (squeezed.n,)  # type: ignore[union-attr]


def test_functions_that_were_imported_by_name_before_watching_are_seen_and_put_back() -> None:
    import small_models

    before = small_models.pack_padded_sequence
    assert [c.what for c in calls(trace(Packed(), text(4, 2), lengths(4, 2)))] == [
        "embedding", "to", "pack_padded_sequence", "lstm", "pad_packed_sequence", "squeeze", "linear",
    ]  # fmt: skip
    assert small_models.pack_padded_sequence is before is nn.utils.rnn.pack_padded_sequence


def test_three_operations_on_one_line_are_three_rows_with_their_exact_spans() -> None:
    record = trace(Bidirectional(), text(5, 5))
    assert spans(record) == [
        "self.embedding(text)",
        "self.rnn(self.embedding(text))",
        "hidden[-2, :, :]",
        "hidden[-1, :, :]",
        "torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1)",
        "self.dropout(torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1))",
        "self.fc(hidden)",
    ]
    assert axes(calls(record, "cat")[0].output) == "batch 2*hid"
    assert calls(record, "dropout")[0].binds == ("hidden",)
    assert axes(calls(record, "linear")[0].output) == "batch classes"


def test_two_layers_in_two_directions() -> None:
    record = trace(Bidirectional(layers=2), text(4, 3))
    output, states = calls(record, "lstm")[0].output.items  # type: ignore[union-attr]
    assert axes(output.note) == "seq_len batch 2*hid"
    assert axes(states.note.items[0].note) == "layers*directions batch hid"
    assert states.note.items[0].note.shape == (4, 3, 5)
    assert axes(calls(record, "index")[0].output) == "batch hid"


@pytest.mark.filterwarnings("ignore:LSTM with projections")
def test_a_projected_state_is_no_hid() -> None:
    record = trace(nn.LSTM(4, 6, proj_size=3), torch.zeros(5, 2, 4))
    output, states = calls(record, "lstm")[0].output.items  # type: ignore[union-attr]
    assert axes(output.note) == "seq_len batch proj"
    assert [axes(s.note) for s in states.note.items] == ["layers batch proj", "layers batch hid"]


def test_an_rnn_without_a_batch() -> None:
    record = trace(nn.GRU(4, 6), torch.zeros(5, 4))
    output, hidden = calls(record, "gru")[0].output.items  # type: ignore[union-attr]
    assert (axes(output.note), axes(hidden.note)) == ("seq_len hid", "layers hid")


@pytest.mark.parametrize("declared", [None, "batch seq_len"])
def test_batch_first_is_found_and_may_be_declared(declared: str | None) -> None:
    record = trace(Plain(batch_first=True), text(3, 7), axes=declared)
    (embedding,), (recurrent,) = calls(record, "embedding"), calls(record, "lstm")
    assert axes(embedding.inputs[0].note) == "batch seq_len"
    source = "declared" if declared else "propagated"
    assert {a.source for a in embedding.inputs[0].note.axes} == {source}  # type: ignore[union-attr]
    output, states = recurrent.output.items  # type: ignore[union-attr]
    assert axes(output.note) == "batch seq_len hid" and axes(states.note.items[0].note) == "layers batch hid"


def test_a_layout_that_contradicts_what_was_declared_is_shown_as_declared() -> None:
    record = trace(Plain(batch_first=True), text(7, 7), axes="seq_len batch")
    output, states = calls(record, "lstm")[0].output.items  # type: ignore[union-attr]
    assert axes(output.note) == "seq_len batch hid"
    assert axes(states.note.items[0].note) == "layers seq_len hid"  # the RNN takes axis 0 for the batch


def test_a_loop_over_cells() -> None:
    record = trace(Cells(), text(4, 3), axes="seq_len batch")
    assert [call.times for call in calls(record, "lstm_cell")] == [4]
    h, c = calls(record, "lstm_cell")[-1].output.items  # type: ignore[union-attr]
    assert axes(h.note) == axes(c.note) == "batch hid"
    assert axes(calls(record, "stack")[0].output) == "seq_len batch hid"
    assert axes(calls(record, "linear")[0].output) == "batch classes"


def test_permute_pooling_and_convolution() -> None:
    record = trace(Pooled(), text(3, 7))
    assert axes(calls(record, "permute")[0].output) == "batch hid seq_len"
    assert axes(calls(record, "mean")[0].output) == "batch hid"
    assert axes(calls(record, "conv1d")[0].output) == "batch channels seq_len-1"


def test_of_two_linear_layers_only_the_last_gives_classes() -> None:
    first, last = calls(trace(Pooled(), text(3, 7)), "linear")
    assert (axes(first.output), axes(last.output)) == ("batch ?", "batch classes")


def test_attention_is_over_seq_len_and_its_weights_are_no_classes() -> None:
    record = trace(Attention(5, 5), text(5, 5))
    assert axes(calls(record, "softmax")[0].output) == "batch seq_len"
    assert [axes(c.output) for c in calls(record, "matmul")] == ["batch seq_len ?", "batch ? hid"]
    assert axes(calls(record, "linear")[0].inputs[0].note) == "batch hid"


def test_attention_whose_scores_have_no_name_is_not_called_classes() -> None:
    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.score = nn.Linear(5, 3)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            weights = torch.softmax(self.score(x), dim=1)
            return weights.sum(1), weights

    record = trace(Heads(), torch.zeros(4, 5), axes="batch hid")
    assert axes(calls(record, "softmax")[0].output) == "batch ?"


def test_a_bag_of_words_has_no_seq_len() -> None:
    record = trace(Bags(), text(3, 7), axes="batch seq_len")
    assert axes(calls(record, "embedding_bag")[0].output) == "batch emb"
    assert axes(calls(record, "linear")[0].output) == "batch classes"


def test_a_class_of_the_learners_that_is_called_rnn_hides_nothing() -> None:
    record = trace(RNN(), text(6, 3))
    assert [c.what for c in calls(record)] == ["embedding", "lstm", "squeeze", "linear", "relu", "linear"]
    assert record.first(Scope).function == "RNN.forward"  # type: ignore[union-attr]
    assert axes(calls(record, "lstm")[0].output.items[0].note) == "seq_len batch hid"  # type: ignore[union-attr]


def test_a_container_shows_each_of_its_layers_and_the_last_one_binds() -> None:
    record = trace(RNN(), text(6, 3))
    rows = calls(record)[-3:]
    assert [c.binds for c in rows] == [(), (), ("logits",)]
    assert [c.inputs[0].name for c in rows] == ["hidden", "", ""]
    assert [axes(c.output) for c in rows] == ["batch ?", "batch ?", "batch classes"]
    assert {spans(record)[i] for i in (-1, -2, -3)} == {"self.layers(hidden)"}


def test_a_container_can_be_the_model() -> None:
    model = nn.Sequential(nn.Embedding(WORDS, 4), nn.Flatten(), nn.Linear(12, 2))
    record = trace(model, text(5, 3), axes="batch seq_len")
    assert [c.what for c in calls(record)] == ["embedding", "flatten", "linear"]
    assert [axes(c.output) for c in calls(record)] == ["batch seq_len emb", "batch seq_len*emb", "batch classes"]


def test_an_encoder_with_a_classifier_behind_it_does_not_give_classes() -> None:
    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.out = nn.GRU(4, 5), nn.Linear(5, 4)

        def forward(self, x: Tensor) -> Tensor:
            _, hidden = self.rnn(x)
            return self.out(hidden[-1])

    encoder, classifier = Encoder(), nn.Linear(4, 2)
    record = new_record()
    with Watch(record).looking():
        F.cross_entropy(classifier(encoder(torch.zeros(6, 3, 4))), torch.tensor([0, 1, 1]))
    first, second = calls(record, "linear")
    assert axes(first.output) == "batch ?"
    assert axes(calls(record, "cross_entropy")[0].inputs[0].note) == "batch classes"
    assert second.layer == repr(classifier)


@pytest.mark.parametrize("batch", [2, 3])
def test_functional_losses_name_what_they_read(batch: int) -> None:
    record, scores, target = new_record(), torch.zeros(batch, 2), torch.zeros(batch, dtype=torch.long)
    with Watch(record).looking():
        loss = F.cross_entropy(target=target, input=scores)
        probabilities = F.softmax(scores, dim=1)
        each = F.binary_cross_entropy_with_logits(torch.zeros(batch), torch.zeros(batch))
    (call,) = calls(record, "cross_entropy")
    assert [axes(i.note) for i in call.inputs] == ["batch classes", "batch"]
    assert [i.name for i in call.inputs] == ["scores", "target"]
    assert call.values == {"value": pytest.approx(loss.item())} and call.binds == ("loss",)
    assert axes(calls(record, "softmax")[0].output) == "batch classes"
    assert calls(record, "softmax")[0].values["values"] == probabilities.tolist()
    assert [axes(i.note) for i in calls(record, "binary_cross_entropy_with_logits")[0].inputs] == ["batch", "batch"]
    assert each.shape == ()


def test_a_loss_that_is_no_number_is_said_in_words() -> None:
    record, scores = new_record(), torch.full((3, 2), float("nan"))
    with Watch(record).looking():
        F.cross_entropy(scores, torch.tensor([0, 1, 1])).item()
        F.softmax(scores, dim=1)
    assert [c.values for c in calls(record)[-3:]] == [
        {"not finite": "nan"},
        {"not finite": "nan"},
        {"dim": 1},
    ]


def test_losses_over_every_word_do_not_call_all_words_the_batch() -> None:
    record, scores = new_record(), torch.zeros(4, 3, 2)
    with Watch(record).looking():
        F.cross_entropy(scores.view(-1, 2), torch.zeros(12, dtype=torch.long))
    assert axes(calls(record, "cross_entropy")[0].inputs[0].note) == "? classes"


def test_grad_and_mode_are_noted() -> None:
    model, record = Plain(), new_record()
    with Watch(record).looking():
        model(text(3, 2))
        model.eval()
        with torch.no_grad():
            model(text(3, 2))
    first, second = calls(record, "lstm")
    assert (first.training, first.grad_on, second.training, second.grad_on) == (True, True, False, False)


def test_the_state_that_is_chosen_belongs_to_the_squeeze_stage() -> None:
    stages = {c.what: c.stage for c in calls(trace(Packed(), text(4, 3), lengths(4, 3)))}
    assert stages["squeeze"] == "squeeze" and stages["linear"] == "head" and stages["lstm"] == "rnn"
    assert {c.stage for c in calls(trace(Bidirectional(), text(4, 3)), "cat")} == {"squeeze"}


def test_axes_that_do_not_fit_the_input_are_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"axes='seq_len' names 1 axes, the input has 2: \(3, 2\)"):
        trace(Plain(), text(3, 2), axes="seq_len")


def test_axes_may_be_given_for_each_input() -> None:
    record = trace(Packed(), text(4, 3), lengths(4, 3), axes=["seq_len, batch", "batch"])
    assert axes(record.first(Scope).inputs[1].note) == "batch"  # type: ignore[union-attr]


def test_a_crash_shows_the_learners_line_and_what_was_seen_before() -> None:
    class Wrong(Plain):
        def forward(self, text: Tensor) -> Tensor:
            output, (hidden, cell) = self.rnn(self.embedding(text))
            return self.fc(output.transpose(1, 2))

    with pytest.raises(RuntimeError) as crashed:
        trace(Wrong(), text(6, 3))
    record: Record = crashed.value.record  # type: ignore[attr-defined]
    crash = record.last(Crash)
    assert crash is not None and crash.error == "RuntimeError" and "shapes cannot be multiplied" in crash.message
    assert crash.place is not None and record.line(crash.place) == "return self.fc(output.transpose(1, 2))"
    assert [c.what for c in calls(record)] == ["embedding", "lstm", "transpose"]


def test_a_fact_keeps_no_tensor() -> None:
    record = trace(Packed(), text(4, 3), lengths(4, 3))

    def plain(value: object) -> bool:
        if isinstance(value, torch.Tensor | nn.Module):
            return False
        if isinstance(value, tuple | list):
            return all(map(plain, value))
        fields = getattr(value, "__struct_fields__", ())
        return all(plain(getattr(value, name)) for name in fields)

    assert all(plain(fact) for fact in record)
    assert isinstance(calls(record)[0].output, TensorNote)
