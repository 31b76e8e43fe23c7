"""
IMDb reviews with a stacked BiLSTM in a two-part network (encoder + head).

    python imdb_two_stage_predict.py                      # train and save
    python imdb_two_stage_predict.py --review "..."       # read the saved network and judge one review
"""
import argparse
import re
from collections import Counter
from pathlib import Path

import torch
from torch import nn, optim
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, random_split

CKPT = Path("imdb_encoder.tar")


def tokenize(text):
    return re.findall(r"[a-z0-9']+|[!?]", text.replace("<br />", " ").lower())[-500:] or ["!"]


def read_folder(folder):
    rows = []
    for label, name in enumerate(("neg", "pos")):
        for path in sorted((Path(folder) / name).glob("*.txt")):
            rows.append((tokenize(path.read_text(encoding="utf-8")), label))
    return rows


class Encoder(nn.Module):
    def __init__(self, n_words, emb=100, hid=128):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hid, num_layers=2, dropout=0.2, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.emb(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return torch.cat((h[2], h[3]), dim=1)


class Classifier(nn.Module):
    def __init__(self, n_words):
        super().__init__()
        self.encoder = Encoder(n_words)
        self.head = nn.Linear(256, 2)

    def forward(self, ids, lengths):
        return self.head(self.encoder(ids, lengths))


def accuracy(model, loader, device):
    model.eval()
    right = n = 0
    with torch.no_grad():
        for ids, lengths, y in loader:
            right += (model(ids.to(device), lengths).argmax(1).cpu() == y).sum().item()
            n += len(y)
    return right / n


def train(args):
    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    rows = read_folder(Path(args.root) / "train")
    train_rows, valid_rows = random_split(rows, [len(rows) - len(rows) // 10, len(rows) // 10])
    counts = Counter(t for toks, _ in train_rows for t in toks)
    words = {"<pad>": 0, "<unk>": 1}
    for w, _ in counts.most_common(25000):
        words[w] = len(words)

    def collate(batch):
        ids = [torch.tensor([words.get(t, 1) for t in toks]) for toks, _ in batch]
        return pad_sequence(ids, batch_first=True), torch.tensor([len(i) for i in ids]), torch.tensor([y for _, y in batch])

    train_dl = DataLoader(train_rows, args.batch, shuffle=True, collate_fn=collate)
    valid_dl = DataLoader(valid_rows, args.batch, collate_fn=collate)
    model = Classifier(len(words)).to(device)
    opt = optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(args.epochs):
        model.train()
        for ids, lengths, y in train_dl:
            opt.zero_grad()
            loss = nn.functional.cross_entropy(model(ids.to(device), lengths), y.to(device))
            loss.backward()
            opt.step()
        print(f"epoch {epoch}: valid accuracy {accuracy(model, valid_dl, device):.4f}")
    test_dl = DataLoader(read_folder(Path(args.root) / "test"), args.batch, collate_fn=collate)
    print(f"test accuracy {accuracy(model, test_dl, device):.4f}")
    torch.save({"encoder": model.encoder.state_dict(), "words": words}, CKPT)


def judge(text):
    saved = torch.load(CKPT, map_location="cpu")
    words = saved["words"]
    model = Classifier(len(words))
    model.load_state_dict({f"encoder.{k}": v for k, v in saved["encoder"].items()}, strict=False)
    model.eval()
    ids = torch.tensor([words.get(t, 1) for t in tokenize(text)])
    with torch.no_grad():
        scores = model(ids.unsqueeze(0), torch.tensor([len(ids)]))  # <- prediction_with_untrained_weights
    print("positive" if scores.argmax(1).item() == 1 else "negative", torch.softmax(scores, 1).tolist())


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--root", default="aclImdb")
    p.add_argument("--review")
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--epochs", type=int, default=4)
    p.add_argument("--seed", type=int, default=90)
    args = p.parse_args()
    if args.review:
        judge(args.review)
    else:
        train(args)
        judge("An honest, moving film. I would watch it again tomorrow.")
