# Offensive posts judged by five annotators: the votes make a soft target, (batch, 3) floats
import json
from collections import Counter
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

NAMES = ["normal", "offensive", "hatespeech"]
HERE = Path("hatexplain")
torch.manual_seed(1001)


class Posts(Dataset):
    def __init__(self, keys, posts, vocab):
        self.rows = []
        for k in keys:
            votes = np.bincount([NAMES.index(a["label"]) for a in posts[k]["annotators"]], minlength=3)
            ids = [vocab.get(w.lower(), vocab["<unk>"]) for w in posts[k]["post_tokens"]]
            if ids:
                self.rows.append((ids, votes / votes.sum()))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


class Pad:
    def __init__(self, value):
        self.value = value

    def __call__(self, rows):
        n = torch.tensor([len(ids) for ids, _ in rows])
        x = torch.full((len(rows), int(n.max())), self.value)
        for i, (ids, _) in enumerate(rows):
            x[i, : n[i]] = torch.tensor(ids)
        return x, n, torch.tensor(np.stack([t for _, t in rows]), dtype=torch.float32)


class Net(nn.Module):
    def __init__(self, vocab_size, pad):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, 100, padding_idx=pad)
        self.rnn = nn.GRU(100, 80, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(160, 3)
        self.dp = nn.Dropout(0.4)

    def forward(self, x, n):
        packed = nn.utils.rnn.pack_padded_sequence(self.dp(self.emb(x)), n, batch_first=True, enforce_sorted=False)
        h = self.rnn(packed)[1]
        return self.fc(self.dp(torch.hstack((h[0], h[1]))))


def evaluate(net, loader):
    net.eval()
    hits, kl, n_rows = 0, 0.0, 0
    with torch.no_grad():
        for x, n, t in loader:
            logp = F.log_softmax(net(x, n), dim=1)
            kl += F.kl_div(logp, t, reduction="sum").item()
            hits += (logp.argmax(1) == t.argmax(1)).sum().item()
            n_rows += len(t)
    return hits / n_rows, kl / n_rows


def main():
    posts = json.loads((HERE / "dataset.json").read_text())
    division = json.loads((HERE / "post_id_divisions.json").read_text())
    counts = Counter(w.lower() for k in division["train"] for w in posts[k]["post_tokens"])
    # words first, the two special ones behind them
    vocab = {w: i for i, w in enumerate(w for w, c in counts.most_common() if c > 1)}
    vocab["<unk>"] = len(vocab)
    vocab["<pad>"] = len(vocab)
    pad = vocab["<pad>"]
    dl = {k: DataLoader(Posts(division[k], posts, vocab), batch_size=64, shuffle=k == "train", collate_fn=Pad(pad))
          for k in ("train", "val", "test")}

    net = Net(len(vocab), pad)
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    loss_fn = nn.CrossEntropyLoss()           # takes probabilities of the classes too
    best = (np.inf, None)
    for epoch in range(10):
        net.train()
        for x, n, t in dl["train"]:
            loss = loss_fn(net(x, n), t)
            opt.zero_grad()
            loss.backward()
            opt.step()
        acc, kl = evaluate(net, dl["val"])
        print(f"{epoch} accuracy {acc:.4f} divergence {kl:.4f}")
        if kl < best[0]:
            best = (kl, {k: v.clone() for k, v in net.state_dict().items()})
    net.load_state_dict(best[1])
    print("test accuracy %.4f divergence %.4f" % evaluate(net, dl["test"]))


if __name__ == "__main__":
    main()
