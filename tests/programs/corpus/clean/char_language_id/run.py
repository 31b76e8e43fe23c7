import argparse
import glob
import os

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, random_split

import alphabet
from net import StackedCells


def read(folder):
    """one file per language, one sentence per line"""
    langs, items = [], []
    for path in sorted(glob.glob(os.path.join(folder, "*.txt"))):
        langs.append(os.path.basename(path)[:-4])
        with open(path, encoding="utf-8") as f:
            for line in sorted(set(l.strip() for l in f)):
                if line:
                    items.append((torch.tensor(alphabet.encode(line)), len(langs) - 1))
    return langs, items


def collate(batch):
    return pad_sequence([x for x, _ in batch], batch_first=True, padding_value=alphabet.PAD), torch.tensor([y for _, y in batch])


def test(model, loader):
    right = n = 0
    with torch.no_grad():
        for x, y in loader:  # <- evaluated_in_training_mode
            right += (model(x).argmax(1) == y).sum().item()
            n += len(y)
    return right / n


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("folder", nargs="?", default="sentences")
    ap.add_argument("--epochs", type=int, default=5)
    ap.add_argument("--text", help="only say which language this is")
    args = ap.parse_args()
    torch.manual_seed(21)

    if args.text:
        saved = torch.load("language_id.pt")
        model = StackedCells(alphabet.SIZE, len(saved["langs"]))
        model.load_state_dict(saved["state"])
        with torch.no_grad():
            p = model(torch.tensor([alphabet.encode(args.text)])).exp()[0]  # <- evaluated_in_training_mode
        print(saved["langs"][p.argmax().item()], round(p.max().item(), 3))
        return

    langs, items = read(args.folder)
    n = len(items) // 10
    train, valid, held_out = random_split(items, [len(items) - 2 * n, n, n], generator=torch.Generator().manual_seed(21))
    train_dl = DataLoader(train, 64, shuffle=True, collate_fn=collate)
    valid_dl = DataLoader(valid, 256, collate_fn=collate)
    test_dl = DataLoader(held_out, 256, collate_fn=collate)

    model = StackedCells(alphabet.SIZE, len(langs))
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    sched = torch.optim.lr_scheduler.MultiStepLR(opt, milestones=[3, 4], gamma=0.3)
    loss_fn = nn.NLLLoss()
    for epoch in range(args.epochs):
        loss_sum = 0.0
        for x, y in train_dl:
            loss = loss_fn(model(x), y)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            loss_sum += loss.item() * len(y)
        sched.step()
        print(f"epoch {epoch} loss {loss_sum / len(train):.4f} valid {test(model, valid_dl):.4f}")
    print(f"test {test(model, test_dl):.4f}")
    torch.save({"state": model.state_dict(), "langs": langs}, "language_id.pt")


if __name__ == "__main__":
    main()
