# train or serve, in one file:  python imdb_folder_gru_serving.py train | python imdb_folder_gru_serving.py ask "text"
import json
import pathlib
import random
import re
import sys

import torch
import torch.nn as nn
from torch.nn.utils import rnn as R

ROOT = pathlib.Path("aclImdb")
WEIGHTS, WORDS = "imdb_gru.pt", "imdb_words.json"
EMB, HID = 100, 100
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def tokens(text):
    text = re.sub(r"<[^>]+>", " ", text)
    return re.findall(r"[a-z0-9]+(?:'[a-z]+)?", text.lower())


def folder(split):
    rows = []
    for y, name in enumerate(("neg", "pos")):
        for f in sorted((ROOT / split / name).iterdir()):
            rows.append((tokens(f.read_text(encoding="utf-8")), y))
    return rows


class GRUNet(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.emb = nn.Embedding(n, EMB, padding_idx=0)
        self.gru = nn.GRU(EMB, HID, num_layers=2, dropout=0.3, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(HID, 2)

    def forward(self, x, n):
        p = R.pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False)
        return self.fc(self.drop(self.gru(p)[1][-1]))


def batch(rows, stoi):
    xs = [torch.tensor([stoi.get(t, 1) for t in toks] or [1]) for toks, _ in rows]
    return R.pad_sequence(xs, batch_first=True).to(DEVICE), torch.tensor([len(x) for x in xs]), torch.tensor([y for _, y in rows]).to(DEVICE)


def train():
    random.seed(61)
    torch.manual_seed(61)
    rows, test = folder("train"), folder("test")
    random.shuffle(rows)
    valid, rows = rows[:2500], rows[2500:]
    counts = {}
    for toks, _ in rows:
        for t in toks:
            counts[t] = counts.get(t, 0) + 1
    words = ["<pad>", "<unk>"] + [w for w in sorted(counts, key=lambda w: (-counts[w], w)) if counts[w] >= 5]
    stoi = {w: i for i, w in enumerate(words)}
    net = GRUNet(len(words)).to(DEVICE)
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    lossf = nn.CrossEntropyLoss()

    def score(data):
        net.eval()
        accs = []
        with torch.no_grad():
            for i in range(0, len(data), 64):
                x, n, y = batch(data[i:i + 64], stoi)
                accs.append((net(x, n).argmax(1) == y).float().mean())
        return torch.stack(accs).mean().item()  # <- mean_of_batch_means

    for ep in range(4):
        net.train()
        random.shuffle(rows)
        total = 0.0
        for i in range(0, len(rows), 64):
            x, n, y = batch(rows[i:i + 64], stoi)
            opt.zero_grad()
            loss = lossf(net(x, n), y)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()
            total += loss.item() * len(y)
        print("epoch", ep, "loss %.4f" % (total / len(rows)), "valid %.4f" % score(valid))
    print("test %.4f" % score(test))
    torch.save(net.state_dict(), WEIGHTS)
    with open(WORDS, "w", encoding="utf-8") as f:
        json.dump(words, f)


def ask(text):
    with open(WORDS, encoding="utf-8") as f:
        words = json.load(f)
    stoi = {w: i for i, w in enumerate(words)}
    net = GRUNet(len(words)).to(DEVICE)
    net.load_state_dict(torch.load(WEIGHTS, map_location=DEVICE))
    x, n, _ = batch([(tokens(text), 0)], stoi)
    with torch.no_grad():
        p = torch.softmax(net(x, n), dim=1)[0]  # <- evaluated_in_training_mode
    print("probability of a positive review: %.3f" % p.max().item())  # <- highest_probability_read_as_positive


if __name__ == "__main__":
    if sys.argv[1] == "train":
        train()
    else:
        ask(" ".join(sys.argv[2:]))
