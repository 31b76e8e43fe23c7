"""Is a mail urgent? One logit per mail, two-layer LSTM with highway connection. Data: mails.parquet (subject, body, urgent)."""
import re
from typing import Dict, List, Sequence

import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split

torch.manual_seed(23)
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class MailData(Dataset):
    def __init__(self, path: str):
        df = pd.read_parquet(path).drop_duplicates(["subject", "body"])
        self.tokens: List[List[str]] = [self.split(s + " \n " + b) for s, b in zip(df["subject"], df["body"])]
        self.labels: List[int] = df["urgent"].astype(int).tolist()

    @staticmethod
    def split(text: str) -> List[str]:
        return re.findall(r"\w+|[!?]", text.lower())[:500] or ["<none>"]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int):
        return self.tokens[i], self.labels[i]


class Encoder:
    def __init__(self, docs: Sequence[List[str]]):
        self.index: Dict[str, int] = {"<pad>": 0, "<unk>": 1}
        for doc in docs:
            for w in doc:
                self.index.setdefault(w, len(self.index))

    def __call__(self, batch):
        xs = [torch.tensor([self.index.get(w, 1) for w in toks]) for toks, _ in batch]
        x = nn.utils.rnn.pad_sequence(xs)
        return x, torch.tensor([len(t) for t in xs]), torch.tensor([y for _, y in batch])


class HighwayLSTM(nn.Module):
    def __init__(self, vocab: int, dim: int = 96):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim, padding_idx=0)
        self.first = nn.LSTM(dim, dim)
        self.second = nn.LSTM(dim, dim)
        self.gate = nn.Linear(dim, dim)
        self.drop = nn.Dropout(0.25)
        self.out = nn.Linear(dim, 1)

    def forward(self, x: torch.Tensor, n: torch.Tensor) -> torch.Tensor:
        pack = nn.utils.rnn.pack_padded_sequence(self.emb(x), n, enforce_sorted=False)
        mid, (h1, _) = self.first(pack)
        _, (h2, _) = self.second(mid)
        g = torch.sigmoid(self.gate(h1[-1]))
        return self.out(self.drop(g * h2[-1] + (1 - g) * h1[-1]))


def total_right(model: nn.Module, loader: DataLoader) -> float:
    model.eval()
    right = 0
    with torch.no_grad():
        for x, n, y in loader:
            guess = (model(x.to(DEVICE), n) > 0).long().view(-1).cpu()
            right += int((guess == y).sum())
    return right / len(loader.dataset)


def main() -> None:
    full = MailData("mails.parquet")
    n_test = n_val = int(0.1 * len(full))
    train, val, test = random_split(full, [len(full) - n_val - n_test, n_val, n_test], torch.Generator().manual_seed(23))
    enc = Encoder([toks for toks, _ in train])
    train_dl = DataLoader(train, 32, shuffle=True, collate_fn=enc)
    val_dl = DataLoader(val, 128, collate_fn=enc)
    test_dl = DataLoader(test, 128, collate_fn=enc)
    model = HighwayLSTM(len(enc.index)).to(DEVICE)
    params = list(model.emb.parameters()) + list(model.first.parameters()) + list(model.second.parameters()) + list(model.out.parameters())
    optimizer = torch.optim.RMSprop(params, lr=5e-4)  # <- parameters_missing_from_the_optimizer
    ce = nn.CrossEntropyLoss()
    for epoch in range(6):
        model.train()
        s = 0.0
        for x, n, y in train_dl:
            logits = model(x.to(DEVICE), n).squeeze(1)
            loss = ce(logits, y.float().to(DEVICE))  # <- batch_taken_as_one_distribution
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_value_(params, 0.5)
            optimizer.step()
            s += loss.item() * len(y)
        print(f"epoch {epoch} loss {s / len(train):.4f} val {total_right(model, val_dl):.4f}")
    print(f"test {total_right(model, test_dl):.4f}")


if __name__ == "__main__":
    main()
