"""Complaint narratives to products; BiLSTM, max over time."""
import argparse, json, re
from collections import Counter
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader


class PooledBiLSTM(nn.Module):
    def __init__(self, vocab_size, classes, emb=128, hid=128):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb, padding_idx=0)
        self.rnn = nn.LSTM(emb, hid, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hid, classes)
        self.dropout = nn.Dropout(0.3)

    def forward(self, x, lengths):
        emb = self.embedding(x)
        packed = pack_padded_sequence(emb, lengths.cpu(), batch_first=True, enforce_sorted=False)
        unpacked, _ = pad_packed_sequence(packed, batch_first=True)  # <- unpacked_before_the_rnn
        output, _ = self.rnn(unpacked)
        pad = (x == 0).unsqueeze(2)
        output = output.masked_fill(pad, float('-inf'))
        return self.fc(self.dropout(output.max(dim=1)[0]))


def load(path):
    with open(path) as f:
        records = [json.loads(l) for l in f]
    data = [(re.findall('[a-z]+', r['narrative'].lower()), r['product']) for r in records]
    return [(t, p) for t, p in data if t]


def main(cfg):
    torch.manual_seed(cfg.seed)
    train, valid, test = load(cfg.train), load(cfg.valid), load(cfg.test)
    counter = Counter(w for t, _ in train for w in t)
    stoi = {w: i for i, (w, c) in enumerate(counter.most_common(cfg.vocab), start=2)}
    products = sorted({p for _, p in train})

    def collate(batch):
        lengths = torch.tensor([len(t) for t, _ in batch])
        x = torch.zeros(len(batch), lengths.max(), dtype=torch.long)
        for i, (t, _) in enumerate(batch):
            x[i, :len(t)] = torch.tensor([stoi.get(w, 1) for w in t])
        return x, lengths, torch.tensor([products.index(p) for _, p in batch])

    dls = [DataLoader(d, cfg.batch, shuffle=d is train, collate_fn=collate) for d in (train, valid, test)]
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    model = PooledBiLSTM(len(stoi) + 2, len(products)).to(device)
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    lossf = nn.CrossEntropyLoss()

    @torch.no_grad()
    def acc(dl):
        model.eval()
        n = k = 0
        for x, lengths, y in dl:
            k += (model(x.to(device), lengths).argmax(1).cpu() == y).sum().item()
            n += len(y)
        return k / n

    for epoch in range(cfg.epochs):
        model.train()
        for x, lengths, y in dls[0]:
            opt.zero_grad()
            loss = lossf(model(x.to(device), lengths), y.to(device))
            loss.backward()
            opt.step()
        print(f'epoch {epoch} valid {acc(dls[1]):.4f}')
    print(f'test {acc(dls[2]):.4f}')


if __name__ == '__main__':
    p = argparse.ArgumentParser()
    p.add_argument('--train', default='complaints.train.jsonl')
    p.add_argument('--valid', default='complaints.valid.jsonl')
    p.add_argument('--test', default='complaints.test.jsonl')
    p.add_argument('--vocab', type=int, default=20000)
    p.add_argument('--batch', type=int, default=64)
    p.add_argument('--epochs', type=int, default=4)
    p.add_argument('--lr', type=float, default=1e-3)
    p.add_argument('--seed', type=int, default=0)
    main(p.parse_args())
