"""TREC question classification: BiLSTM and max over time, padding kept out with -inf."""
import argparse
from collections import Counter
from typing import List, NamedTuple, Tuple

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader


class Question(NamedTuple):
    tokens: List[str]
    coarse: str


def read_trec(path: str) -> List[Question]:
    questions = []
    with open(path, encoding="latin-1") as handle:      # no header, "DESC:manner How did ..."
        for line in handle:
            tag, *tokens = line.lower().split()
            questions.append(Question(tokens, tag.split(":")[0]))
    return questions


def build_vocab(questions: List[Question]) -> dict:
    counts = Counter()
    for q in questions:
        counts.update(q.tokens)
    words = ["<pad>", "<unk>"] + [w for w, _ in counts.most_common()]
    return {w: i for i, w in enumerate(words)}


class BiLSTMMax(nn.Module):
    def __init__(self, vocab_size: int, n_classes: int, emb: int, hidden: int, dropout: float):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hidden, bidirectional=True, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(2 * hidden, n_classes)

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        emb = self.dropout(self.embedding(x))
        packed = pack_padded_sequence(emb, lengths, batch_first=True, enforce_sorted=False)
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, padding_value=float("-inf"))
        pooled, _ = out.max(dim=1)
        return self.fc(self.dropout(pooled))


def make_collate(vocab: dict, classes: dict):
    def collate(batch: List[Question]) -> Tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        lengths = torch.tensor([len(q.tokens) for q in batch])
        x = torch.full((len(batch), int(lengths.max())), vocab["<pad>"], dtype=torch.long)
        for row, q in enumerate(batch):
            x[row, : len(q.tokens)] = torch.tensor([vocab.get(w, vocab["<unk>"]) for w in q.tokens])
        return x, lengths, torch.tensor([classes[q.coarse] for q in batch])

    return collate


def evaluate(model: nn.Module, loader: DataLoader, device: torch.device) -> float:
    was_training = model.training
    model.eval()
    correct, total = 0, 0
    with torch.inference_mode():
        for x, lengths, y in loader:
            guess = model(x.to(device), lengths).argmax(dim=-1)
            correct += (guess == y.to(device)).sum().item()
            total += y.numel()
    model.train(was_training)
    return 100.0 * correct / total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", default="trec/train_5500.label")
    parser.add_argument("--test", default="trec/TREC_10.label")
    parser.add_argument("--emb", type=int, default=200)
    parser.add_argument("--hidden", type=int, default=150)
    parser.add_argument("--dropout", type=float, default=0.4)
    parser.add_argument("--epochs", type=int, default=15)
    args = parser.parse_args()

    torch.manual_seed(5)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    train, test = read_trec(args.train), read_trec(args.test)
    vocab = build_vocab(train)
    classes = {c: i for i, c in enumerate(sorted({q.coarse for q in train}))}
    print(classes)

    collate = make_collate(vocab, classes)
    train_loader = DataLoader(train, batch_size=32, shuffle=True, collate_fn=collate)
    test_loader = DataLoader(test, batch_size=100, shuffle=False, collate_fn=collate)

    model = BiLSTMMax(len(vocab), len(classes), args.emb, args.hidden, args.dropout).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-6)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)

    for epoch in range(args.epochs):
        for x, lengths, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x.to(device), lengths), y.to(device))
            loss.backward()
            nn.utils.clip_grad_value_(model.parameters(), 1.0)
            optimizer.step()
        print(f"epoch {epoch + 1:2d}  train accuracy {evaluate(model, train_loader, device):.1f}")

    # a fixed number of epochs, the test set is looked at once
    print(f"test accuracy {evaluate(model, test_loader, device):.1f}")


if __name__ == "__main__":
    main()
