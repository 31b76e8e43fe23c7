import json
import random
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from dataset import Articles, Vocab, collate, load_frame, split, tokenize
from models import FakeNewsLSTM


def evaluate(model, loader, device):
    model.eval()
    correct, total = 0, 0
    with torch.no_grad():
        for x, lengths, y in loader:
            correct += (model(x.to(device), lengths).argmax(1).cpu() == y).sum().item()
            total += len(y)
    return correct / total


def main(path="settings.json"):
    with open(path) as f:
        cfg = json.load(f)
    random.seed(cfg["seed"])
    np.random.seed(cfg["seed"])
    torch.manual_seed(cfg["seed"])
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    parts = dict(zip(("train", "valid", "test"), split(load_frame(cfg), cfg["seed"])))
    toks = {k: [tokenize(a, b, cfg["max_tokens"]) for a, b in zip(p["title"], p["text"])] for k, p in parts.items()}
    vocab = Vocab.build(toks["train"], cfg["min_freq"])
    loaders = {k: DataLoader(Articles(toks[k], parts[k]["label"], vocab), cfg["batch_size"],
                             shuffle=k == "train", collate_fn=collate) for k in parts}

    model = FakeNewsLSTM(len(vocab), cfg["embedding"], cfg["hidden"], cfg["layers"], cfg["dropout"]).to(device)
    opt = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
    best = 0.0
    for epoch in range(cfg["epochs"]):
        model.train()
        bar = tqdm(loaders["train"], desc=f"epoch {epoch}")
        for x, lengths, y in bar:
            opt.zero_grad()
            loss = F.cross_entropy(model(x.to(device), lengths), y.to(device))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            bar.set_postfix(loss=f"{loss.item():.3f}")
        acc = evaluate(model, loaders["valid"], device)
        print(f"valid {acc:.4f}")
        if acc > best:
            best = acc
            torch.save({"model": model.state_dict(), "vocab": vocab.itos, "cfg": cfg}, "fake_news.pt")

    model.load_state_dict(torch.load("fake_news.pt")["model"])
    print(f"test {evaluate(model, loaders['test'], device):.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
