"""The thirteen stages of a recurrent text classifier: name, story, axes in → out.

The order and the words are those of the lecture (STAT 453, L15.7); they name the rule folders as well.
"""

from __future__ import annotations

from typing import NamedTuple


class Stage(NamedTuple):
    """One stage: its story takes two lines, `takes` and `gives` name what goes in and out, `asks` is the `?` of the stepper."""

    number: int
    name: str
    title: str
    story: str
    takes: str
    gives: str
    asks: str


_ROWS = (
    (
        "load",
        "Load the reviews",
        "A table with one row per review: its text and its label.\n"
        "Everything later stands on these two columns, so look at them before you train.",
        "a CSV file",
        "table (rows, 2 columns)",
        "The file is read once, as text. Labels stay strings here ('1' and '0'): whoever turns them into numbers decides "
        "which number means what, and that happens later, in the vocabulary stage. Rows without a text or without a label "
        "cannot be learnt from; they are dropped and counted, never silently.",
    ),
    (
        "tokenize",
        "Cut each review into tokens",
        "A tokenizer splits text into words and punctuation marks; the model only ever sees these.\n"
        "spaCy's English rules do it: don't becomes do + n't, and <br /> becomes words too, unless it is removed.",
        "review text",
        "a list of tokens per review",
        "spacy.blank('en') holds the same tokenizer rules as the en_core_web_sm model and needs no download. The rules "
        "change a little between spaCy versions, so token counts move by some hundredths of a percent: that is why a "
        "vocabulary is saved with the model and never made again.",
    ),
    (
        "split",
        "Split into training, validation and test",
        "Training reviews set the weights, validation reviews choose between models, test reviews are read once.\n"
        "No review may stand in two of them, or the score is an answer learnt by heart.",
        "all examples",
        "train, valid, test",
        "First 80 % / 20 % for training and test, then 85 % / 15 % of the training part for training and validation. "
        "torchtext's own three-way split takes its ratios as train, test, valid but RETURNS train, valid, test: that is why "
        "the lecture's three-way split looked wrong. Two two-way splits avoid the trap.",
    ),
    (
        "vocab",
        "Number the words and the labels",
        "The most frequent words of the training split get an index; all others share <unk>.\n"
        "The labels get an index too, and the most frequent label comes first: '1' may well become 0.",
        "tokens of the training split",
        "word → index, label → index",
        "Only the training split may be counted: a word that occurs in the test split alone must be unknown to the model, as it "
        "will be in real life. torchtext's LabelField numbers labels by frequency, so the map depends on which label happens "
        "to be more frequent. Always read predictions through the map, never by a remembered position.",
    ),
    (
        "batch",
        "Put reviews side by side",
        "A batch is a rectangle of token indices, (seq_len, batch): one column is one review, read downwards.\n"
        "Shorter reviews are filled up with <pad>; batches of similar length need little of it.",
        "examples of one split",
        "text (seq_len, batch), lengths (batch), label (batch)",
        "torchtext puts time first: text[0] holds the first word of every review. BucketIterator only sorts reviews of similar "
        "length together when sort_within_batch=True; without it, it does not bucket at all and most positions are padding.",
    ),
    (
        "embed",
        "Look up a vector for every token",
        "Each index is replaced by a row of the embedding table, a vector that training will change.\n"
        "A new axis appears at the end: emb.",
        "text (seq_len, batch)",
        "embedded (seq_len, batch, emb)",
        "nn.Embedding is a table of (words, emb); calling it with indices picks rows. Nothing is computed across words yet, and "
        "the padding index has a row as well.",
    ),
    (
        "rnn",
        "Read the tokens one after another",
        "The LSTM walks along seq_len and keeps a hidden and a cell state for each review.\n"
        "It returns the hidden state after every step (output) and after the last one (hidden, cell).",
        "embedded (seq_len, batch, emb)",
        "output (seq_len, batch, hid), hidden (1, batch, hid), cell (1, batch, hid)",
        "Packed: the padding is taken out first, so each review stops at its own last word. Padded: short reviews go on "
        "through their padding, and the last state has read mostly <pad>. The first axis of hidden counts layers × directions.",
    ),
    (
        "squeeze",
        "Keep one state per review",
        "hidden still carries an axis of size 1 (one layer, one direction) in front.\n"
        "squeeze(0) drops that axis; squeeze() without 0 would also drop batch when the batch holds one review.",
        "hidden (1, batch, hid)",
        "(batch, hid)",
        "The last hidden state is the model's summary of the review. With two layers or two directions the axis is longer and "
        "squeeze(0) does nothing: then choose hidden[-1], or concatenate hidden[-2] and hidden[-1].",
    ),
    (
        "head",
        "Turn the state into one score per class",
        "A linear layer maps hid numbers to one logit per class.\n"
        "Logits are not probabilities yet: the loss applies the softmax itself.",
        "(batch, hid)",
        "logits (batch, classes)",
        "nn.Linear(hid, classes). Leave the softmax out of the model: cross-entropy contains it, and doing it twice makes "
        "learning slow (the loss then never falls below 0.3133 for two classes).",
    ),
    (
        "loss",
        "Measure how wrong the scores are",
        "Cross-entropy compares the logits with the right class of each review.\n"
        "A model that knows nothing of two classes starts near ln 2 = 0.693.",
        "logits (batch, classes), label (batch)",
        "one number",
        "The loss is the mean over the batch of -log(probability of the right class). ln(classes) is the value of guessing: "
        "a loss that stays there has learnt nothing yet.",
    ),
    (
        "train",
        "Adjust the weights, batch by batch",
        "For each batch: forward, loss, backward (gradients), optimizer step.\n"
        "One pass over the training split is an epoch; validation accuracy is looked at after each.",
        "training batches",
        "weights",
        "zero_grad, forward, loss, backward, step: in this order. The gradient's norm says whether anything flows back at "
        "all; a loss near ln(classes) with tiny gradients means that the signal does not reach the words.",
    ),
    (
        "evaluate",
        "Count right answers on reviews never seen",
        "eval() switches dropout off, no gradients are kept, and every review counts exactly once.\n"
        "Compare with the majority class: always giving the commonest answer is the accuracy to beat.",
        "test batches",
        "accuracy, confusion matrix",
        "Right answers are added up over all batches and divided by the number of reviews, which is not the mean of the batch "
        "means when the last batch is smaller. Training accuracy says how much was learnt by heart; test accuracy is the one "
        "to report.",
    ),
    (
        "predict",
        "Ask about a new review",
        "The same tokenizer, the same vocabulary, the same label map: then a batch of one.\n"
        "Probabilities come out per class, named through the label map.",
        "a sentence",
        "probability per class",
        "Anything done differently here than in training (another tokenizer, lower case, another map) makes the answer wrong "
        "without an error. The batch axis must stay, with size 1: (seq_len, 1).",
    ),
)

STAGES: tuple[Stage, ...] = tuple(Stage(number, *row) for number, row in enumerate(_ROWS, 1))
STAGE_NAMES: tuple[str, ...] = tuple(stage.name for stage in STAGES)
# Three stages run the whole model, and with it most of the others.
RUNS = frozenset({"train", "evaluate", "predict"})


def stage_named(word: str) -> Stage:
    """Return the stage of a name or a number ("rnn", "7").

    Raises:
        KeyError: no stage is called that; the message lists the names.
    """
    for stage in STAGES:
        if word.strip().lower() in {stage.name, str(stage.number)}:
            return stage
    raise KeyError(f"no stage is called '{word}'; the stages are {', '.join(STAGE_NAMES)}")
