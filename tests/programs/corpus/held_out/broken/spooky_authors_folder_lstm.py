"""Who wrote it? Sentences in folders data/<author>/train.txt and data/<author>/test.txt."""
import pathlib
import re

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

AUTHORS = ["EAP", "HPL", "MWS"]


class Sentences(Dataset):
    def __init__(self, part, vocab=None):
        self.items = []
        for k, author in enumerate(AUTHORS):
            text = pathlib.Path("data", author, part + ".txt").read_text(encoding="utf-8")
            for line in text.splitlines():
                toks = re.findall(r"[a-z]+|[.,;!?]", line.lower())
                if toks:
                    self.items.append((toks, k))
        if vocab is None:
            vocab = {"<pad>": 0, "<unk>": 1}
            for toks, _ in self.items:
                for t in toks:
                    vocab.setdefault(t, len(vocab))
        self.vocab = vocab
        self.items = [(torch.tensor([vocab.get(t, 1) for t in toks]), k) for toks, k in self.items]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    xs = [x for x, _ in batch]
    return pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor([k for _, k in batch])


class AuthorLSTM(nn.Module):
    def __init__(self, n_words):
        super().__init__()
        self.embed = nn.Embedding(n_words, 64, padding_idx=0)
        self.lstm = nn.LSTM(64, 64, batch_first=True)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(64, len(AUTHORS))

    def forward(self, x, n):
        packed = pack_padded_sequence(self.drop(self.embed(x)), n, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.fc(self.drop(h[-1]))


def main():
    torch.manual_seed(15)
    train = Sentences("train")
    test = Sentences("test", train.vocab)
    train_loader = DataLoader(train, batch_size=32, collate_fn=collate)  # <- training_data_not_shuffled
    test_loader = DataLoader(test, batch_size=64, collate_fn=collate)
    model = AuthorLSTM(len(train.vocab))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(8):
        model.train()
        correct = 0
        for x, n, y in train_loader:
            optimizer.zero_grad()
            logits = model(x, n)
            loss = loss_fn(logits, y)
            loss.backward()
            optimizer.step()
            correct += (logits.argmax(1) == y).sum().item()
        print(f"epoch {epoch}  training accuracy {correct / len(train):.3f}")
    model.eval()
    correct = 0
    for x, n, y in test_loader:  # <- gradients_kept_in_evaluation
        correct += (model(x, n).argmax(1) == y).sum().item()
    print(f"test accuracy {correct / len(test):.3f}")


if __name__ == "__main__":
    main()
