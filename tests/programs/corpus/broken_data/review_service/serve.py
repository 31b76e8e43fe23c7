import sys

import pandas as pd
import torch

from common import ReviewGRU, build_vocab, tokenize

# the words of all reviews that we have by now
reviews = pd.concat([pd.read_csv("data/reviews_train.csv"), pd.read_csv("data/reviews_new.csv")])
vocab = build_vocab(tokenize(t) for t in reviews.text)  # <- vocabulary_rebuilt_before_prediction

state = torch.load("review_gru.pt", map_location="cpu")
size = state["emb.weight"].shape[0]
vocab = {w: i for w, i in vocab.items() if i < size}
model = ReviewGRU(size)
model.load_state_dict(state)
model.eval()


def predict(text):
    ids = [vocab.get(t, vocab["<unk>"]) for t in tokenize(text)] or [vocab["<unk>"]]
    with torch.no_grad():
        probs = model(torch.tensor([ids]), torch.tensor([len(ids)])).softmax(1)[0]
    return "positive" if probs[1] > 0.5 else "negative", probs[1].item()


if __name__ == "__main__":
    for line in sys.stdin:
        label, p = predict(line)
        print(f"{label}\t{p:.3f}\t{line.strip()}")
