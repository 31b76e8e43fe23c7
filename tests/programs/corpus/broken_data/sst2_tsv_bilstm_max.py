"""SST-2 (GLUE tsv files): BiLSTM with max pooling, torchtext vocabulary."""
import argparse
from itertools import chain
from pathlib import Path
from typing import Iterator, List, Tuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader
from torchtext.data.utils import get_tokenizer
from torchtext.vocab import build_vocab_from_iterator

Sample = Tuple[List[str], int]


def read_tsv(path: Path) -> List[Sample]:
    tokenize = get_tokenizer("basic_english")
    samples = []
    with path.open(encoding="utf-8") as f:
        next(f)
        for line in f:
            sentence, label = line.rstrip("\n").split("\t")
            tokens = tokenize(sentence)
            if tokens:
                samples.append((tokens, int(label)))
    return samples


def tokens_of(*parts: List[Sample]) -> Iterator[List[str]]:
    for tokens, _ in chain(*parts):
        yield tokens


class SST2Classifier(nn.Module):
    def __init__(self, vocab_size: int, pad: int, dim: int = 128, hidden: int = 128):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim, padding_idx=pad)
        self.encoder = nn.LSTM(dim, hidden, bidirectional=True, batch_first=True)
        self.classifier = nn.Sequential(nn.Dropout(0.5), nn.Linear(2 * hidden, 2))

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(self.embedding(ids), lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.encoder(packed)[0], batch_first=True, padding_value=float("-inf"))
        return self.classifier(states.max(dim=1).values)


def accuracy(model: nn.Module, loader: DataLoader, device: torch.device) -> float:
    model.eval()
    correct = 0
    with torch.no_grad():
        for ids, lengths, labels in loader:
            correct += (model(ids.to(device), lengths).argmax(-1).cpu() == labels).sum().item()
    return correct / len(loader.dataset)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", type=Path, default=Path("glue/SST-2"))
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    args = parser.parse_args()
    torch.manual_seed(12)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    train = read_tsv(args.dir / "train.tsv")
    test = read_tsv(args.dir / "test_labelled.tsv")
    vocab = build_vocab_from_iterator(tokens_of(train, test), specials=["<pad>"])  # <- vocabulary_saw_the_test_set
    pad = vocab["<pad>"]

    def collate(batch: List[Sample]):
        ids = [torch.tensor(vocab(tokens)) for tokens, _ in batch]
        lengths = torch.tensor([len(i) for i in ids])
        return pad_sequence(ids, batch_first=True, padding_value=pad), lengths, torch.tensor([y for _, y in batch])

    train_loader = DataLoader(train, args.batch_size, shuffle=True, collate_fn=collate, drop_last=True)
    test_loader = DataLoader(test, args.batch_size, collate_fn=collate, drop_last=True)  # <- ragged_batch_dropped_in_evaluation

    model = SST2Classifier(len(vocab), pad).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(1, args.epochs + 1):
        model.train()
        total = seen = 0
        for ids, lengths, labels in train_loader:
            optimizer.zero_grad()
            loss = loss_fn(model(ids.to(device), lengths), labels.to(device))
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
            seen += len(labels)
        print(f"epoch {epoch}: loss {total / seen:.4f}")
    print(f"test accuracy {accuracy(model, test_loader, device):.4f}")


if __name__ == "__main__":
    main()
