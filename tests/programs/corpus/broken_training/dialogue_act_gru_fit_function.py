"""
Dialogue acts (inform / question / directive / commissive) of DailyDialog-like utterances.
text file: "act<space>utterance"
"""
import copy
import re
import random
from typing import Iterable, List, NamedTuple, Tuple

import torch
import torch.nn as nn
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


class Utterance(NamedTuple):
    tokens: List[str]
    act: int


ACTS = ("inform", "question", "directive", "commissive")


def read(path: str) -> List[Utterance]:
    out = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            act, text = line.split(" ", 1)
            out.append(Utterance(re.findall(r"\w+|[?!.]", text.lower()) or ["."], ACTS.index(act)))
    return out


class Batcher:
    """pads on the right, with time as the first axis"""

    def __init__(self, rows: List[Utterance], stoi: dict, size: int, shuffle: bool = False):
        self.rows = [(torch.tensor([stoi.get(t, 1) for t in r.tokens]), r.act) for r in rows]
        self.size, self.shuffle = size, shuffle

    def __iter__(self) -> Iterable[Tuple[Tensor, Tensor, Tensor]]:
        rows = random.sample(self.rows, len(self.rows)) if self.shuffle else self.rows
        for i in range(0, len(rows), self.size):
            ids, acts = zip(*rows[i:i + self.size])
            yield pad_sequence(ids), torch.tensor([len(x) for x in ids]), torch.tensor(acts)

    def __len__(self) -> int:
        return len(self.rows)


class ActGRU(nn.Module):
    def __init__(self, n_words: int, dim: int = 64, hidden: int = 64) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_words, dim, padding_idx=0)
        self.gru = nn.GRU(dim, hidden)
        self.dropout = nn.Dropout(0.5)
        self.linear = nn.Linear(hidden, len(ACTS))

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        states, _ = self.gru(self.embedding(ids))
        steps = torch.arange(ids.size(0), device=ids.device).unsqueeze(1)
        mask = (steps < lengths.unsqueeze(0)).unsqueeze(2)
        mean = (states * mask).sum(0) / lengths.unsqueeze(1)
        return self.linear(self.dropout(mean))


def accuracy(model: nn.Module, batches: Batcher) -> float:
    hits = 0
    with torch.no_grad():
        for ids, lengths, acts in batches:  # <- evaluated_in_training_mode
            hits += int((model(ids, lengths).argmax(1) == acts).sum())
    return hits / len(batches)


def fit(model: nn.Module, train: Batcher, held_out: Batcher, epochs: int, patience: int) -> nn.Module:
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()
    best, best_score, waited = copy.deepcopy(model), 0.0, 0
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for ids, lengths, acts in train:
            optimizer.zero_grad()
            loss = criterion(model(ids, lengths), acts)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(acts)
        score = accuracy(model, held_out)
        print(f"epoch {epoch}: loss {total / len(train):.4f}, score {score:.4f}")
        if score <= best_score:  # <- test_set_chooses_the_epoch
            waited += 1
            if waited == patience:
                break
        else:
            best, best_score, waited = copy.deepcopy(model), score, 0
    return best


def main() -> None:
    torch.manual_seed(7)
    random.seed(7)
    train_rows, test_rows = read("data/acts.train.txt"), read("data/acts.test.txt")
    stoi = {"<pad>": 0, "<unk>": 1}
    for row in train_rows:
        for t in row.tokens:
            stoi.setdefault(t, len(stoi))
    train, test = Batcher(train_rows, stoi, 32, True), Batcher(test_rows, stoi, 64)
    model = fit(ActGRU(len(stoi)), train, test, epochs=30, patience=5)
    print(f"accuracy on the test utterances: {accuracy(model, test):.4f}")
    torch.save({"state": model.state_dict(), "stoi": stoi, "acts": ACTS}, "acts.pt")


if __name__ == "__main__":
    main()
