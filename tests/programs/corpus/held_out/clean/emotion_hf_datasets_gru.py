from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, asdict

import torch
from datasets import load_dataset
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader
from tqdm import tqdm


@dataclass
class Config:
    embed_dim: int = 128
    hidden_dim: int = 128
    num_layers: int = 2
    dropout: float = 0.3
    batch_size: int = 64
    lr: float = 1e-3
    epochs: int = 6
    min_freq: int = 2
    seed: int = 13


class Vocabulary:
    def __init__(self, token_lists: list[list[str]], min_freq: int):
        counter = Counter(tok for toks in token_lists for tok in toks)
        self.itos = ["[PAD]", "[UNK]"] + sorted(w for w, c in counter.items() if c >= min_freq)
        self.stoi = {w: i for i, w in enumerate(self.itos)}
        self.pad_id = self.stoi["[PAD]"]
        self.unk_id = self.stoi["[UNK]"]

    def __len__(self) -> int:
        return len(self.itos)

    def encode(self, tokens: list[str]) -> list[int]:
        return [self.stoi.get(t, self.unk_id) for t in tokens]


class EmotionGRU(nn.Module):
    def __init__(self, cfg: Config, vocab_size: int, pad_id: int, num_classes: int):
        super().__init__()
        self.pad_id = pad_id
        self.embedding = nn.Embedding(vocab_size, cfg.embed_dim, padding_idx=pad_id)
        self.gru = nn.GRU(cfg.embed_dim, cfg.hidden_dim, cfg.num_layers, batch_first=True,
                          bidirectional=True, dropout=cfg.dropout)
        self.norm = nn.LayerNorm(2 * cfg.hidden_dim)
        self.classifier = nn.Linear(2 * cfg.hidden_dim, num_classes)

    def forward(self, ids: Tensor) -> Tensor:
        mask = ids.ne(self.pad_id)
        lengths = mask.sum(1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(ids), lengths, batch_first=True, enforce_sorted=False)
        states, _ = self.gru(packed)
        states, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True, total_length=ids.size(1))
        states = states.masked_fill(~mask.unsqueeze(-1), -1e9)
        return self.classifier(self.norm(states.max(dim=1).values))


def evaluate(model: nn.Module, loader: DataLoader, device: torch.device) -> float:
    model.eval()
    correct = total = 0
    with torch.inference_mode():
        for ids, labels in loader:
            correct += (model(ids.to(device)).argmax(-1).cpu() == labels).sum().item()
            total += labels.numel()
    return correct / total


def main() -> None:
    cfg = Config()
    torch.manual_seed(cfg.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    ds = load_dataset("dair-ai/emotion")
    label_names = ds["train"].features["label"].names
    ds = ds.map(lambda row: {"tokens": row["text"].split()})
    vocab = Vocabulary(list(ds["train"]["tokens"]), cfg.min_freq)

    def collate(rows):
        ids = [torch.tensor(vocab.encode(r["tokens"])) for r in rows]
        return pad_sequence(ids, batch_first=True, padding_value=vocab.pad_id), torch.tensor([r["label"] for r in rows])

    loaders = {name: DataLoader(ds[name], batch_size=cfg.batch_size, shuffle=(name == "train"), collate_fn=collate)
               for name in ("train", "validation", "test")}

    model = EmotionGRU(cfg, len(vocab), vocab.pad_id, len(label_names)).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=cfg.epochs * len(loaders["train"]))
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)

    best_acc = -1.0
    for epoch in range(cfg.epochs):
        model.train()
        bar = tqdm(loaders["train"], desc=f"epoch {epoch}")
        for ids, labels in bar:
            ids, labels = ids.to(device), labels.to(device)
            optimizer.zero_grad(set_to_none=True)
            loss = criterion(model(ids), labels)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()  # one-cycle moves per batch
            bar.set_postfix(loss=f"{loss.item():.3f}")
        acc = evaluate(model, loaders["validation"], device)
        print(f"validation accuracy {acc:.4f}")
        if acc > best_acc:
            best_acc = acc
            torch.save({"state": model.state_dict(), "itos": vocab.itos, "config": asdict(cfg), "labels": label_names}, "emotion.pt")

    checkpoint = torch.load("emotion.pt", map_location=device)
    model.load_state_dict(checkpoint["state"])
    print(f"test accuracy {evaluate(model, loaders['test'], device):.4f}")


if __name__ == "__main__":
    main()
