"""Natural language inference (SNLI-like jsonl) with one shared LSTM for premise and hypothesis."""
import json
import random
from functools import partial

import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence
from torch.utils.data import DataLoader

LABELS = {"entailment": 0, "neutral": 1, "contradiction": 2}
torch.manual_seed(90)
random.seed(90)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def read(path):
    rows = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            d = json.loads(line)
            if d["gold_label"] in LABELS:
                rows.append((d["sentence1"].lower().split() or ["."], d["sentence2"].lower().split() or ["."], LABELS[d["gold_label"]]))
    return rows


def collate(stoi, batch):
    enc = lambda s: torch.tensor([stoi.get(w, 0) for w in s])
    p = [enc(a) for a, _, _ in batch]
    h = [enc(b) for _, b, _ in batch]
    return p, h, torch.tensor([y for _, _, y in batch])


class NLI(nn.Module):
    def __init__(self, n_words, emb=100, hid=100):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb)
        self.lstm = nn.LSTM(emb, hid, num_layers=1)
        self.mlp = nn.Sequential(nn.Linear(4 * hid, 200), nn.ReLU(), nn.Dropout(0.3), nn.Linear(200, 3))

    def encode(self, seqs):
        packed = pack_sequence([self.emb(s.to(device)) for s in seqs], enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return h.squeeze()  # <- squeeze_drops_a_batch_of_one

    def forward(self, p, h):
        u, v = self.encode(p), self.encode(h)
        return self.mlp(torch.cat([u, v, (u - v).abs(), u * v], dim=-1))


def main():
    train, dev, test = (read(f"snli/snli_{k}.jsonl") for k in ("train", "dev", "test"))
    stoi = {"<unk>": 0}
    for a, b, _ in train:
        for w in a + b:
            stoi.setdefault(w, len(stoi))
    fn = partial(collate, stoi)
    train_dl = DataLoader(train, batch_size=128, shuffle=True, collate_fn=fn)
    dev_dl = DataLoader(dev, batch_size=128, collate_fn=fn)
    test_dl = DataLoader(test, batch_size=128, collate_fn=fn)

    model = NLI(len(stoi)).to(device)
    opt = torch.optim.Adam(model.parameters(), lr=5e-4)
    loss_fn = nn.CrossEntropyLoss()

    def accuracy(m, dl):
        m.eval()
        ok = n = 0
        with torch.no_grad():
            for p, h, y in dl:
                ok += (m(p, h).argmax(-1).cpu() == y).sum().item()
                n += len(y)
        return ok / n

    for epoch in range(5):
        model.train()
        seen, total = 0, 0.0
        for p, h, y in train_dl:
            opt.zero_grad()
            loss = loss_fn(model(p, h), y.to(device))
            loss.backward()
            opt.step()
            total += loss.item() * len(y)
            seen += len(y)
        print(f"epoch {epoch} loss {total / seen:.4f} dev {accuracy(model, dev_dl):.4f}")
    torch.save({"weights": model.state_dict(), "stoi": stoi}, "nli.pt")
    print("test", accuracy(model, test_dl))

    ckpt = torch.load("nli.pt", map_location=device)
    judge = NLI(len(ckpt["stoi"])).to(device)
    judge.eval()
    names = {i: k for k, i in LABELS.items()}
    pairs = [("a man is playing a guitar on stage .", "a person makes music .", 0),
             ("two dogs run along the beach .", "the dogs are asleep .", 2)]
    p, h, _ = collate(ckpt["stoi"], [(a.lower().split(), b.lower().split(), y) for a, b, y in pairs])
    with torch.no_grad():
        guess = judge(p, h).argmax(-1).tolist()  # <- prediction_with_untrained_weights
    for (a, b, _), g in zip(pairs, guess):
        print(a, "|", b, "->", names[g])


if __name__ == "__main__":
    main()
