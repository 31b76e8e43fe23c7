import os

import torch
from torch import nn
from torch.utils.data import DataLoader

from config import CONFIG
from dataset import Collate, build_vocab, read
from network import PriorityLSTM


def accuracy(model, loader, device):
    model.eval()
    good = total = 0
    with torch.no_grad():
        for ids, lengths, y in loader:
            good += (model(ids.to(device), lengths).argmax(1).cpu() == y).sum().item()
            total += len(y)
    return good / total


def main():
    cfg = CONFIG["training"]
    torch.manual_seed(cfg["seed"])
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    classes = CONFIG["classes"]
    train_rows = read(CONFIG["data"]["train"], classes)
    valid_rows = read(CONFIG["data"]["valid"], classes)
    test_rows = read(CONFIG["data"]["test"], classes)
    vocab = build_vocab(train_rows)
    collate = Collate(vocab)
    train_loader = DataLoader(train_rows, cfg["batch_size"], shuffle=True, collate_fn=collate)
    valid_loader = DataLoader(valid_rows, cfg["batch_size"], collate_fn=collate)
    test_loader = DataLoader(test_rows, cfg["batch_size"], collate_fn=collate)

    model = PriorityLSTM(len(vocab) + 2, len(classes), **CONFIG["model"]).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
    criterion = nn.CrossEntropyLoss()
    os.makedirs(os.path.dirname(CONFIG["checkpoint"]), exist_ok=True)

    best = 0.0
    for epoch in range(cfg["epochs"]):
        model.train()
        running, seen = 0.0, 0
        for ids, lengths, y in train_loader:
            ids, y = ids.to(device), y.to(device)
            optimizer.zero_grad()
            loss = criterion(model(ids, lengths), y)
            loss.backward()
            optimizer.step()
            running += loss.item() * len(y)
            seen += len(y)
        acc = accuracy(model, valid_loader, device)
        print(f"epoch {epoch:02d} | loss {running / seen:.4f} | valid {acc:.4f}")
        if acc > best:
            best = acc
            torch.save({"state_dict": model.state_dict(), "vocab": vocab, "epoch": epoch}, CONFIG["checkpoint"])

    print("training done, best validation accuracy %.4f" % best)
    print("test accuracy %.4f" % accuracy(model, test_loader, device))  # <- best_weights_never_loaded


if __name__ == "__main__":
    main()
