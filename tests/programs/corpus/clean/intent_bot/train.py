import random

import torch
from torch import nn

import config as C
from data import Vocabulary, loader, read_tsv
from model import IntentModel


def accuracy(model, dl):
    model.eval()
    correct = 0
    with torch.no_grad():
        for x, n, y in dl:
            correct += (model(x.to(C.DEVICE), n).argmax(1).cpu() == y).sum().item()
    return correct / len(dl.dataset)


def main():
    random.seed(C.SEED)
    torch.manual_seed(C.SEED)
    rows = read_tsv(C.TRAIN_FILE)
    random.shuffle(rows)
    cut = int(0.9 * len(rows))
    train_rows, dev_rows = rows[:cut], rows[cut:]
    vocab = Vocabulary.from_rows(train_rows)
    intents = sorted({name for _, name in train_rows})

    train_dl = loader(train_rows, vocab, intents, C.BATCH, True)
    dev_dl = loader(dev_rows, vocab, intents, 128, False)
    test_dl = loader(read_tsv(C.TEST_FILE), vocab, intents, 128, False)

    model = IntentModel(len(vocab), len(intents), C.EMB_DIM, C.HIDDEN, C.DROPOUT).to(C.DEVICE)
    optimizer = torch.optim.Adam(model.parameters(), lr=C.LR)
    loss_fn = nn.CrossEntropyLoss()
    C.CHECKPOINT.parent.mkdir(exist_ok=True)

    best, waited = -1.0, 0
    for epoch in range(C.EPOCHS):
        model.train()
        loss_sum = 0.0
        for x, n, y in train_dl:
            x, y = x.to(C.DEVICE), y.to(C.DEVICE)
            optimizer.zero_grad()
            loss = loss_fn(model(x, n), y)
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(y)
        dev = accuracy(model, dev_dl)
        print(f"{epoch:2d}  loss {loss_sum / len(train_dl.dataset):.4f}  dev {dev:.4f}")
        if dev > best:
            best, waited = dev, 0
            torch.save({"state": model.state_dict(), "words": vocab.words, "intents": intents}, C.CHECKPOINT)
        else:
            waited += 1
            if waited >= C.PATIENCE:
                break

    model.load_state_dict(torch.load(C.CHECKPOINT, map_location=C.DEVICE)["state"])
    print(f"test {accuracy(model, test_dl):.4f}")


if __name__ == "__main__":
    main()
