"""Hierarchical attention network: words -> sentences -> review, masks on both levels."""
import argparse
import re
from collections import Counter

import pandas as pd
import torch
import torch.nn as nn
from torch.utils.data import DataLoader


def sentences(text):
    out = [re.findall(r"[a-z0-9']+", s) for s in re.split(r"[.!?\n]+", text.lower())]
    return [s for s in out if s] or [["empty"]]


class Attention(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.lin = nn.Linear(size, size)
        self.ctx = nn.Linear(size, 1, bias=False)

    def forward(self, h, mask):
        score = self.ctx(torch.tanh(self.lin(h))).squeeze(-1)
        score = score.masked_fill(~mask, torch.finfo(score.dtype).min)
        alpha = torch.softmax(score, dim=1) * mask            # rows that are padding altogether become zero
        return (alpha.unsqueeze(-1) * h).sum(dim=1), alpha


class HAN(nn.Module):
    def __init__(self, n_words, n_classes, emb=100, hid=50):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb, padding_idx=0)
        self.word_gru = nn.GRU(emb, hid, batch_first=True, bidirectional=True)
        self.word_att = Attention(2 * hid)
        self.sent_gru = nn.GRU(2 * hid, hid, batch_first=True, bidirectional=True)
        self.sent_att = Attention(2 * hid)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(2 * hid, n_classes)

    @staticmethod
    def run(gru, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = nn.utils.rnn.pad_packed_sequence(gru(packed)[0], batch_first=True, total_length=x.size(1))
        return out

    def forward(self, docs):
        B, S, W = docs.shape
        flat = docs.view(B * S, W)                            # contiguous, row after row: one sentence each
        mask_w = flat != 0
        real = mask_w.any(dim=1)                              # sentences that exist
        vec = torch.zeros(B * S, 2 * self.word_gru.hidden_size, device=docs.device)
        words = self.run(self.word_gru, self.drop(self.emb(flat[real])), mask_w[real].sum(1))
        vec[real], _ = self.word_att(words, mask_w[real])
        sents = vec.view(B, S, -1)
        mask_s = real.view(B, S)
        h = self.run(self.sent_gru, sents, mask_s.sum(1))
        doc, alpha = self.sent_att(h, mask_s)
        return self.fc(self.drop(doc)), alpha


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--csv", default="yelp_sample.csv")       # text, stars
    ap.add_argument("--epochs", type=int, default=5)
    args = ap.parse_args()
    torch.manual_seed(88)
    device = "cuda" if torch.cuda.is_available() else "cpu"

    df = pd.read_csv(args.csv).drop_duplicates("text").sample(frac=1, random_state=88)
    rows = [(sentences(t), int(s) - 1) for t, s in zip(df["text"], df["stars"])]
    a, b = int(len(rows) * 0.8), int(len(rows) * 0.9)
    train, valid, test = rows[:a], rows[a:b], rows[b:]
    counts = Counter(w for sents, _ in train for s in sents for w in s)
    words = [w for w, c in counts.items() if c >= 3]
    index = dict(zip(words, range(2, 2 + len(words))))

    def collate(batch):
        S = max(len(sents) for sents, _ in batch)
        W = max(len(s) for sents, _ in batch for s in sents)
        x = torch.zeros(len(batch), S, W, dtype=torch.long)
        for i, (sents, _) in enumerate(batch):
            for j, s in enumerate(sents):
                x[i, j, : len(s)] = torch.tensor([index.get(w, 1) for w in s])
        return x, torch.tensor([y for _, y in batch])

    loaders = {
        "train": DataLoader(train, 32, shuffle=True, collate_fn=collate),
        "valid": DataLoader(valid, 64, collate_fn=collate),
        "test": DataLoader(test, 64, collate_fn=collate),
    }
    model = HAN(len(words) + 2, 5).to(device)
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=args.epochs)

    def accuracy(name):
        model.eval()
        with torch.no_grad():
            hits = [(model(x.to(device))[0].argmax(1).cpu() == y).sum().item() for x, y in loaders[name]]
        return sum(hits) / len(loaders[name].dataset)

    for epoch in range(args.epochs):
        model.train()
        for x, y in loaders["train"]:
            logits, _ = model(x.to(device))
            loss = nn.functional.cross_entropy(logits, y.to(device))
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
        sched.step()
        print(f"epoch {epoch}: valid {accuracy('valid'):.4f}")
    print(f"test {accuracy('test'):.4f}")


if __name__ == "__main__":
    main()
