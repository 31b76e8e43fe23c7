"""python review_stars_train_and_predict.py train | predict "some text" """
import re
import sys
from collections import Counter

import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

PAD = 0
UNK = 1
LEN = 400
WEIGHTS = "stars_gru.pt"


def tokens(text):
    return re.findall(r"[a-z0-9']+", str(text).lower())


def make_vocab(texts, size=20000):
    counts = Counter()
    for t in texts:
        counts.update(tokens(t))
    vocab = {"<pad>": PAD, "<unk>": UNK}
    for w, _ in counts.most_common(size - 2):
        vocab[w] = len(vocab)
    return vocab


def encode(text, vocab):
    ids = [vocab.get(w, UNK) for w in tokens(text)][-LEN:]
    return [PAD] * (LEN - len(ids)) + ids


class StarsGRU(nn.Module):
    def __init__(self, vocab_size=20000):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, 64, padding_idx=PAD)
        self.gru = nn.GRU(64, 128, batch_first=True)
        self.fc = nn.Linear(128, 5)

    def forward(self, x):
        out, _ = self.gru(self.embedding(x))
        return self.fc(out[:, -1])


def train():
    torch.manual_seed(1)
    df = pd.read_csv("reviews.csv").drop_duplicates("text").sample(frac=1, random_state=1)
    n = int(0.9 * len(df))
    train_df, val_df = df[:n], df[n:]
    vocab = make_vocab(train_df["text"])

    def loader(d, shuffle):
        x = torch.tensor([encode(t, vocab) for t in d["text"]])
        y = torch.tensor(d["stars"].values - 1)
        return DataLoader(TensorDataset(x, y), 64, shuffle=shuffle)

    train_dl, val_dl = loader(train_df, True), loader(val_df, False)
    model = StarsGRU()
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(5):
        model.train()
        for x, y in train_dl:
            opt.zero_grad()
            loss_fn(model(x), y).backward()
            opt.step()
        model.eval()
        hits = 0
        with torch.no_grad():
            for x, y in val_dl:
                hits += (model(x).argmax(1) == y).sum().item()
        print(f"epoch {epoch} val {hits / len(val_df):.4f}")
    torch.save(model.state_dict(), WEIGHTS)  # <- weights_saved_without_the_vocabulary


def predict(text):
    df = pd.read_csv("reviews.csv")
    vocab = make_vocab(df["text"])  # <- vocabulary_rebuilt_before_prediction
    model = StarsGRU()
    model.load_state_dict(torch.load(WEIGHTS))
    model.eval()
    x = torch.tensor([encode(text, vocab)])
    with torch.no_grad():
        stars = model(x).argmax(1).item() + 1
    print(stars, "stars")


if __name__ == "__main__":
    if sys.argv[1] == "train":
        train()
    else:
        predict(sys.argv[2])
