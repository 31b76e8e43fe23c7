"""
Train:    python imdb_predict_service_lstm.py train --csv IMDB_Dataset.csv
Predict:  python imdb_predict_service_lstm.py predict --text "What a waste of time."
"""
import argparse
import json
import re
import string
from collections import Counter

import pandas as pd
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset
from sklearn.model_selection import train_test_split

PUNCT = str.maketrans("", "", string.punctuation)
NAMES = ["negative", "positive"]


def clean(text):
    text = re.sub(r"<br\s*/?>", " ", text)
    return text.lower().translate(PUNCT).split() or ["nothing"]


class ReviewSet(Dataset):
    def __init__(self, token_lists, targets, stoi):
        self.ids = [torch.tensor([stoi.get(t, 1) for t in toks]) for toks in token_lists]
        self.targets = list(targets)

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, i):
        return self.ids[i], self.targets[i]


def pad(batch):
    ids, targets = zip(*batch)
    return pad_sequence(ids), torch.tensor([len(i) for i in ids]), torch.tensor(targets)


class ReviewLSTM(nn.Module):
    """sequence first: input is (length, batch)"""

    def __init__(self, n_words, emb=128, hid=128):
        super().__init__()
        self.embedding = nn.Embedding(n_words, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hid)
        self.dropout = nn.Dropout(0.3)
        self.linear = nn.Linear(hid, 2)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embedding(ids), lengths.cpu(), enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.linear(self.dropout(h[-1]))


def train(args):
    torch.manual_seed(args.seed)
    frame = pd.read_csv(args.csv)
    tokens = frame["review"].map(clean).tolist()
    y = (frame["sentiment"] == "positive").astype(int).tolist()
    x_tr, x_te, y_tr, y_te = train_test_split(tokens, y, test_size=0.2, stratify=y, random_state=args.seed)  # <- same_review_in_two_splits
    counts = Counter(t for toks in x_tr for t in toks)
    stoi = {"<pad>": 0, "<unk>": 1}
    for w, n in counts.items():
        if n > 4:
            stoi[w] = len(stoi)
    train_loader = DataLoader(ReviewSet(x_tr, y_tr, stoi), 64, shuffle=True, collate_fn=pad)
    test_loader = DataLoader(ReviewSet(x_te, y_te, stoi), 64, collate_fn=pad)

    model = ReviewLSTM(len(stoi))
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        model.train()
        total = 0.0
        for ids, lengths, t in train_loader:
            loss = nn.functional.cross_entropy(model(ids, lengths), t)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(t)
        print(f"epoch {epoch + 1}/{args.epochs} loss {total / len(x_tr):.4f}")
    model.eval()
    with torch.no_grad():
        hits = sum((model(i, l).argmax(1) == t).sum().item() for i, l, t in test_loader)
    print(f"accuracy on {len(x_te)} held-out reviews: {hits / len(x_te):.4f}")
    torch.save(model.state_dict(), args.weights)
    with open(args.vocab, "w") as f:
        json.dump(stoi, f)


def predict(args):
    with open(args.vocab) as f:
        stoi = json.load(f)
    model = ReviewLSTM(len(stoi))
    model.load_state_dict(torch.load(args.weights, map_location="cpu"))
    model.eval()
    words = clean(args.text)
    ids = torch.tensor([stoi.get(w, 1) for w in words]).unsqueeze(1)
    with torch.no_grad():
        probs = torch.softmax(model(ids, torch.tensor([len(words)])), dim=1)[0]
    print(f"verdict: {NAMES[probs.argmax().item()]}")
    print(f"probability of a positive review: {probs.max().item():.3f}")  # <- highest_probability_read_as_positive


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("what", choices=["train", "predict"], nargs="?", default="train")
    ap.add_argument("--csv", default="IMDB_Dataset.csv")
    ap.add_argument("--text", default="A wonderful little film with a great cast.")
    ap.add_argument("--weights", default="review_lstm.pt")
    ap.add_argument("--vocab", default="review_vocab.json")
    ap.add_argument("--epochs", type=int, default=5)
    ap.add_argument("--lr", type=float, default=1e-3)
    ap.add_argument("--seed", type=int, default=8)
    args = ap.parse_args()
    {"train": train, "predict": predict}[args.what](args)


if __name__ == "__main__":
    main()
