#!/usr/bin/env python
"""
Amazon polarity with DistributedDataParallel.

    torchrun --nproc_per_node=4 ddp_amazon_polarity.py --data amazon_review_polarity_csv
"""
import argparse
import csv
import os
import re
from collections import Counter

import torch
import torch.distributed as dist
import torch.nn as nn
from torch.nn.parallel import DistributedDataParallel as DDP
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset
from torch.utils.data.distributed import DistributedSampler

csv.field_size_limit(10_000_000)
tok = re.compile(r"[a-z0-9']+")


def read_csv(path):
    # "polarity","title","text" without a header line; polarity is 1 or 2
    with open(path, newline="", encoding="utf-8") as f:
        return [(tok.findall(f"{title} {text}".lower()) or ["empty"], int(pol) - 1)
                for pol, title, text in csv.reader(f)]


class Reviews(Dataset):
    def __init__(self, rows, stoi):
        self.rows = [(torch.tensor([stoi.get(t, 1) for t in toks], dtype=torch.int32), y) for toks, y in rows]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def collate(batch):
    xs, ys = zip(*batch)
    return pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor(ys)


class Classifier(nn.Module):
    def __init__(self, n, emb=128, hid=256):
        super().__init__()
        self.emb = nn.Embedding(n, emb, padding_idx=0)
        self.rnn = nn.LSTM(emb, hid, batch_first=True)
        self.drop = nn.Dropout(0.2)
        self.fc = nn.Linear(hid, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.drop(self.emb(x)), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.rnn(packed)
        return self.fc(self.drop(h[-1]))


@torch.no_grad()
def count_correct(model, loader, device):
    model.eval()
    correct = total = 0
    for x, lengths, y in loader:
        correct += (model(x.to(device), lengths).argmax(1).cpu() == y).sum().item()
        total += len(y)
    return correct, total


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--data", required=True)
    ap.add_argument("--epochs", type=int, default=3)
    ap.add_argument("--batch", type=int, default=256, help="per process")
    ap.add_argument("--out", default="amazon_lstm.pt")
    args = ap.parse_args()

    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    rank = dist.get_rank()
    local = int(os.environ["LOCAL_RANK"])
    device = torch.device(f"cuda:{local}") if torch.cuda.is_available() else torch.device("cpu")
    torch.manual_seed(0)

    rows = read_csv(os.path.join(args.data, "train.csv"))
    # the same permutation in every process
    perm = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0)).tolist()
    valid_rows = [rows[i] for i in perm[:100_000]]
    train_rows = [rows[i] for i in perm[100_000:]]
    counts = Counter()
    for toks, _ in train_rows:
        counts.update(toks)
    itos = ["<pad>", "<unk>"] + [w for w, c in sorted(counts.items(), key=lambda kv: (-kv[1], kv[0])) if c >= 10]
    stoi = {w: i for i, w in enumerate(itos)}

    train_set = Reviews(train_rows, stoi)
    sampler = DistributedSampler(train_set, shuffle=True)
    train_loader = DataLoader(train_set, args.batch, sampler=sampler, collate_fn=collate, pin_memory=True)
    valid_loader = DataLoader(Reviews(valid_rows, stoi), 512, collate_fn=collate)

    net = Classifier(len(itos)).to(device)
    model = DDP(net, device_ids=[local] if device.type == "cuda" else None)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()

    best = 0.0
    for epoch in range(args.epochs):
        sampler.set_epoch(epoch)
        model.train()
        for x, lengths, y in train_loader:
            optimizer.zero_grad(set_to_none=True)
            loss = criterion(model(x.to(device), lengths), y.to(device))
            loss.backward()
            optimizer.step()
        if rank == 0:
            correct, total = count_correct(model.module, valid_loader, device)
            print(f"epoch {epoch} valid {correct / total:.4f}", flush=True)
            if correct / total > best:
                best = correct / total
                torch.save({"model": model.module.state_dict(), "itos": itos}, args.out)
        dist.barrier()

    if rank == 0:
        test_loader = DataLoader(Reviews(read_csv(os.path.join(args.data, "test.csv")), stoi), 512, collate_fn=collate)
        net.load_state_dict(torch.load(args.out, map_location=device)["model"])
        correct, total = count_correct(net, test_loader, device)
        print(f"test {correct}/{total} = {correct / total:.4f}")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
