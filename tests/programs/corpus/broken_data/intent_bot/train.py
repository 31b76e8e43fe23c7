import copy

import torch
from torch import nn
from torch.utils.data import DataLoader

from config import Config
from dataset import IntentDataset, Vocabulary, collate, read_intents, split_rows
from model import StackedGRU


def accuracy(model, loader):
    model.eval()
    hits = total = 0
    with torch.no_grad():
        for x, lengths, y in loader:
            hits += (model(x, lengths).argmax(1) == y).sum().item()
            total += y.size(0)
    return hits / total


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    rows = read_intents(cfg.data_file)
    train_rows, test_rows, val_rows = split_rows(rows, cfg.seed)  # <- three_way_split_read_in_the_wrong_order

    vocab = Vocabulary(t for t, _ in train_rows)
    intents = sorted({i for _, i in rows})
    intent2id = {name: k for k, name in enumerate(intents)}

    def loader(part, shuffle=False):
        return DataLoader(IntentDataset(part, vocab, intent2id), cfg.batch_size, shuffle=shuffle, collate_fn=collate)

    train_loader, val_loader, test_loader = loader(train_rows, True), loader(val_rows), loader(test_rows)
    model = StackedGRU(len(vocab), len(intents), cfg)
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    criterion = nn.CrossEntropyLoss()

    best, best_state, waited = -1.0, None, 0
    for epoch in range(cfg.epochs):
        model.train()
        running = 0.0
        for x, lengths, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x, lengths), y)
            loss.backward()
            optimizer.step()
            running += loss.item() * y.size(0)
        acc = accuracy(model, val_loader)
        print(f"epoch {epoch:02d} loss {running / len(train_rows):.4f} val {acc:.3f}")
        if acc > best:
            best, best_state, waited = acc, copy.deepcopy(model.state_dict()), 0
        else:
            waited += 1
            if waited == cfg.patience:
                break

    model.load_state_dict(best_state)
    print(f"test accuracy {accuracy(model, test_loader):.3f}")
    torch.save({"state": best_state, "stoi": vocab.stoi, "intents": intents}, cfg.out_file)


if __name__ == "__main__":
    main()
