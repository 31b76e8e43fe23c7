"""python train.py aclImdb model.pt"""
import random
import sys
from collections import Counter
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

from common import PAD, SPECIALS, ReviewModel, numericalize, preprocess


def read_folder(folder: Path) -> list[tuple[list[str], float]]:
    examples = []
    for name, label in (("pos", 1.0), ("neg", 0.0)):
        for path in sorted((folder / name).glob("*.txt")):
            examples.append((preprocess(path.read_text(encoding="utf-8")), label))
    return examples


def loader(examples, stoi, batch_size, shuffle):
    data = [(torch.tensor(numericalize(toks, stoi)), y) for toks, y in examples]

    def collate(rows):
        return pad_sequence([x for x, _ in rows], batch_first=True, padding_value=PAD), torch.tensor([y for _, y in rows])

    return DataLoader(data, batch_size=batch_size, shuffle=shuffle, collate_fn=collate)


@torch.no_grad()
def accuracy(model, dl, device):
    model.eval()
    right = total = 0
    for x, y in dl:
        right += ((model(x.to(device)) > 0).cpu() == (y > 0.5)).sum().item()
        total += len(y)
    return right / total


def main(root: str, out: str) -> None:
    torch.manual_seed(4)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    everything = read_folder(Path(root) / "train")
    random.Random(4).shuffle(everything)
    valid, train = everything[:2500], everything[2500:]
    test = read_folder(Path(root) / "test")

    counts = Counter(t for toks, _ in train for t in toks)
    itos = SPECIALS + [w for w, c in counts.most_common(30000)]
    stoi = {w: i for i, w in enumerate(itos)}
    train_dl = loader(train, stoi, 32, True)
    valid_dl = loader(valid, stoi, 64, False)
    test_dl = loader(test, stoi, 64, False)

    model = ReviewModel(len(itos)).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.BCEWithLogitsLoss()
    best = 0.0
    for epoch in range(1, 6):
        model.train()
        loss_sum = 0.0
        for x, y in train_dl:
            optimizer.zero_grad()
            loss = criterion(model(x.to(device)), y.to(device))
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            loss_sum += loss.item() * len(y)
        acc = accuracy(model, valid_dl, device)
        print(f"epoch {epoch}  loss {loss_sum / len(train):.4f}  valid {acc:.4f}")
        if acc > best:
            best = acc
            torch.save({"weights": model.state_dict(), "itos": itos}, out)
    model.load_state_dict(torch.load(out, map_location=device)["weights"])
    print(f"test {accuracy(model, test_dl, device):.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
