import argparse
import bz2
import os
import re
import time

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset


def parse_args():
    p = argparse.ArgumentParser(description="Amazon polarity (fastText format) with an LSTM")
    p.add_argument("--data", default="./amazonreviews")
    p.add_argument("--batch-size", type=int, default=256)
    p.add_argument("--epochs", type=int, default=3)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--emsize", type=int, default=128)
    p.add_argument("--nhid", type=int, default=128)
    p.add_argument("--log-interval", type=int, default=200)
    p.add_argument("--save", default="amazon_lstm.pt")
    return p.parse_args()


def read(path):
    """each line: __label__1 (bad) or __label__2 (good), a blank, the review"""
    labels, texts = [], []
    with bz2.open(path, "rt", encoding="utf-8") as f:
        for line in f:
            lab, text = line.split(" ", 1)
            labels.append(int(lab[-1]) - 1)
            texts.append(re.findall(r"[a-z0-9']+|[!?]", text.lower()) or ["."])
    return texts, labels


class Corpus(Dataset):
    def __init__(self, texts, labels, stoi):
        self.data = [torch.tensor([stoi.get(w, 1) for w in t], dtype=torch.int32) for t in texts]
        self.labels = torch.tensor(labels)

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        return self.data[i].long(), self.labels[i]


def collate(batch):
    x = pad_sequence([b[0] for b in batch], batch_first=True, padding_value=0)
    return x, torch.stack([b[1] for b in batch])


class Net(nn.Module):
    def __init__(self, ntoken, ninp, nhid):
        super().__init__()
        self.encoder = nn.Embedding(ntoken, ninp, padding_idx=0)
        self.rnn = nn.LSTM(ninp, nhid, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.decoder = nn.Linear(nhid, 2)

    def forward(self, x):
        self.rnn.flatten_parameters()
        out, _ = self.rnn(self.encoder(x))
        mask = (x != 0).unsqueeze(-1)
        mean = (out * mask).sum(1) / mask.sum(1)
        return self.decoder(self.drop(mean))


def evaluate(model, loader, device):
    model.eval()
    correct = 0
    with torch.no_grad():
        for x, y in loader:
            correct += (model(x.to(device)).argmax(1).cpu() == y).sum().item()
    model.train()
    return correct / len(loader.dataset)


def main():
    args = parse_args()
    torch.manual_seed(1111)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    texts, labels = read(os.path.join(args.data, "train.ft.txt.bz2"))
    test_texts, test_labels = read(os.path.join(args.data, "test.ft.txt.bz2"))

    perm = torch.randperm(len(texts)).tolist()
    n_val = len(texts) // 20
    val_idx, tr_idx = perm[:n_val], perm[n_val:]
    stoi = {"<pad>": 0, "<unk>": 1}
    for i in tr_idx:
        for w in texts[i]:
            if w not in stoi:
                stoi[w] = len(stoi)

    def make(idx, shuffle):
        ds = Corpus([texts[i] for i in idx], [labels[i] for i in idx], stoi)
        return DataLoader(ds, args.batch_size, shuffle=shuffle, collate_fn=collate, num_workers=2)

    train_loader, val_loader = make(tr_idx, True), make(val_idx, False)
    test_loader = DataLoader(Corpus(test_texts, test_labels, stoi), args.batch_size, collate_fn=collate)

    model = Net(len(stoi), args.emsize, args.nhid)  # <- model_never_moved_to_the_device
    if torch.cuda.device_count() > 1:
        print("using", torch.cuda.device_count(), "GPUs")
        model = nn.DataParallel(model)
    criterion = nn.CrossEntropyLoss().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)

    for epoch in range(1, args.epochs + 1):
        model.train()
        total_loss, start = 0., time.time()
        for i, (x, y) in enumerate(train_loader, 1):
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.25)
            optimizer.step()
            total_loss += loss.item()
            if i % args.log_interval == 0:
                print("| epoch %d | %d/%d batches | %.1f ms/batch | loss %.4f" % (
                    epoch, i, len(train_loader), (time.time() - start) * 1000 / args.log_interval,
                    total_loss / args.log_interval))
                total_loss, start = 0., time.time()
        print("epoch %d: validation accuracy %.4f" % (epoch, evaluate(model, val_loader, device)))

    print("test accuracy %.4f" % evaluate(model, test_loader, device))
    torch.save({"stoi": stoi, "args": vars(args), "model": model.state_dict()}, args.save)


if __name__ == "__main__":
    main()
