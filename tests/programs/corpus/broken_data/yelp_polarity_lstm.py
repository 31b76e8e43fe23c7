"""Yelp polarity with an LSTM. The file was written class by class (all label 1, then all label 2)."""
import random
from collections import Counter

import pandas as pd
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader, TensorDataset, random_split

SETTINGS = {
    "file": "data/yelp_polarity_sorted.csv",
    "rows": 20000,
    "emb": 100,
    "hidden": 128,
    "batch": 64,
    "epochs": 3,
}


def load(cfg):
    df = pd.read_csv(cfg["file"], header=None, names=["label", "text"], nrows=cfg["rows"])  # <- data_set_incomplete
    df = df.dropna().drop_duplicates("text")
    df["tokens"] = df["text"].str.lower().str.findall(r"[a-z']+")
    df = df[df["tokens"].str.len() > 0]
    return list(zip(df["tokens"], (df["label"] - 1).tolist()))


def build_vocab(samples, min_freq=3):
    c = Counter(w for toks, _ in samples for w in toks)
    return {w: i for i, w in enumerate(["<pad>", "<unk>"] + sorted(w for w in c if c[w] >= min_freq))}


class YelpLSTM(nn.Module):
    def __init__(self, n, emb, hidden):
        super().__init__()
        self.emb = nn.Embedding(n, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hidden, batch_first=True)
        self.lin = nn.Linear(hidden, 1)

    def forward(self, x, lengths):
        p = pack_padded_sequence(self.emb(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(p)
        return torch.sigmoid(self.lin(h[-1])).squeeze(-1)


def main():
    torch.manual_seed(4)
    samples = load(SETTINGS)
    print(len(samples), "reviews")
    n_test = len(samples) // 5
    train, test = random_split(samples, [len(samples) - n_test, n_test])
    vocab = build_vocab(train)

    def collate(batch):
        x = [torch.tensor([vocab.get(w, 1) for w in t]) for t, _ in batch]
        return (pad_sequence(x, batch_first=True), torch.tensor([len(v) for v in x]),
                torch.tensor([float(y) for _, y in batch]))

    train_dl = DataLoader(train, SETTINGS["batch"], shuffle=True, collate_fn=collate)
    test_dl = DataLoader(test, SETTINGS["batch"], collate_fn=collate)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = YelpLSTM(len(vocab), SETTINGS["emb"], SETTINGS["hidden"]).to(device)
    optim = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    criterion = nn.BCELoss()

    for epoch in range(SETTINGS["epochs"]):
        model.train()
        for step, (x, l, y) in enumerate(train_dl):
            optim.zero_grad()
            loss = criterion(model(x.to(device), l), y.to(device))
            loss.backward()
            optim.step()
            if step % 50 == 0:
                print(f"epoch {epoch} step {step} loss {loss.item():.4f}")

    model.eval()
    correct = 0
    with torch.no_grad():
        for x, l, y in test_dl:
            correct += ((model(x.to(device), l) > 0.5).float().cpu() == y).sum().item()
    print("accuracy on the test part:", correct / len(test))


if __name__ == "__main__":
    main()
