"""Five-fold cross-validation of a GRU on short utterances. A new model, optimizer and vocabulary in each fold."""
import csv
import statistics
from collections import Counter

import numpy as np
import torch
from sklearn.model_selection import StratifiedKFold
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence
from torch.utils.data import DataLoader

SEED = 77
EPOCHS = 12


class Act(nn.Module):
    def __init__(self, n_words, n_acts):
        super().__init__()
        self.emb = nn.Embedding(n_words, 80)
        self.gru = nn.GRU(80, 80, bidirectional=True)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(160, n_acts)

    def forward(self, packed: PackedSequence):
        # there is no padding at all in a packed batch, .data holds just the words
        emb = PackedSequence(self.emb(packed.data), packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
        _, h = self.gru(emb)
        return self.out(self.drop(torch.cat((h[0], h[1]), dim=-1)))


def collate(batch):
    xs, ys = zip(*batch)
    return pack_sequence(xs, enforce_sorted=False), torch.tensor(ys)


def encode(rows, stoi):
    return [(torch.tensor([stoi.get(w, 0) for w in toks]), y) for toks, y in rows]


def run_fold(train_rows, test_rows, n_acts):
    counts = Counter(w for toks, _ in train_rows for w in toks)
    stoi = {"<unk>": 0}
    for w in counts:
        if counts[w] > 1:
            stoi[w] = len(stoi)
    model = Act(len(stoi), n_acts)
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    loss_fn = nn.CrossEntropyLoss()
    train_dl = DataLoader(encode(train_rows, stoi), batch_size=32, shuffle=True, collate_fn=collate)
    test_dl = DataLoader(encode(test_rows, stoi), batch_size=128, collate_fn=collate)

    model.train()
    for _ in range(EPOCHS):
        for x, y in train_dl:
            opt.zero_grad()
            loss_fn(model(x), y).backward()
            opt.step()

    model.eval()
    with torch.no_grad():
        correct = sum((model(x).argmax(-1) == y).sum().item() for x, y in test_dl)
    return correct / len(test_rows)


def main():
    torch.manual_seed(SEED)
    with open("dialogue/utterances.tsv", encoding="utf-8") as f:
        reader = csv.DictReader(f, delimiter="\t")
        raw = [(r["utterance"].lower().split(), r["act"]) for r in reader]
    raw = [r for r in raw if r[0]]
    acts = sorted({a for _, a in raw})
    rows = [(toks, acts.index(a)) for toks, a in raw]
    y = np.array([r[1] for r in rows])

    scores = []
    folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=SEED)
    for k, (tr, te) in enumerate(folds.split(np.zeros(len(y)), y), 1):
        score = run_fold([rows[i] for i in tr], [rows[i] for i in te], len(acts))
        scores.append(score)
        print(f"fold {k}: {score:.4f}")
    print(f"mean {statistics.mean(scores):.4f} +- {statistics.stdev(scores):.4f}")


if __name__ == "__main__":
    main()
