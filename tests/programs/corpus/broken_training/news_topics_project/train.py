import os

import torch
from torch import nn
from torch.utils.data import DataLoader

from config import cfg
from dataset import NewsDataset, build_vocab, collate, read_csv
from model import NewsLSTM


def run_valid(model, loader):
    model.eval()
    right = total = 0
    with torch.no_grad():
        for x, y in loader:
            x, y = x.to(cfg.device), y.to(cfg.device)
            right += (model(x).argmax(1) == y).sum().item()
            total += len(y)
    return right / total


def main():
    torch.manual_seed(cfg.seed)
    train_rows = read_csv(cfg.train_csv)
    valid_rows = read_csv(cfg.valid_csv)
    stoi = build_vocab(train_rows, cfg.min_freq)
    topics = sorted({t for _, t in train_rows})

    train_dl = DataLoader(NewsDataset(train_rows, stoi, topics), cfg.batch_size, shuffle=True, collate_fn=collate)
    valid_dl = DataLoader(NewsDataset(valid_rows, stoi, topics), cfg.batch_size, collate_fn=collate)

    model = NewsLSTM(len(stoi), len(topics), cfg).to(cfg.device)
    optimizer = torch.optim.Adam(  # <- parameters_missing_from_the_optimizer
        [{"params": model.embedding.parameters(), "lr": cfg.lr / 2},
         {"params": model.lstm.parameters()},
         {"params": model.fc.parameters()}], lr=cfg.lr)
    criterion = nn.CrossEntropyLoss()
    os.makedirs(os.path.dirname(cfg.checkpoint), exist_ok=True)

    best = 0.0
    for epoch in range(cfg.epochs):
        model.train()
        loss_sum = n = 0
        for x, y in train_dl:
            x, y = x.to(cfg.device), y.to(cfg.device)
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(y)
            n += len(y)
        acc = run_valid(model, valid_dl)
        print(f"epoch {epoch} loss {loss_sum / n:.4f} valid {acc:.4f}")
        if acc > best:
            best = acc
            torch.save({"model": model.state_dict(), "stoi": stoi, "topics": topics}, cfg.checkpoint)


if __name__ == "__main__":
    main()
