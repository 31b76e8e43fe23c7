"""Predict the number of stars (1..5) of a Yelp review as a real number."""
import os
import json
import logging
from pathlib import Path
from typing import Dict, List, Tuple

import torch
from torch import Tensor, nn, optim
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset, random_split

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
log = logging.getLogger("yelp")

DATA = Path(os.environ.get("YELP_DIR", "data")) / "yelp_reviews.json"
SETTINGS: Dict = dict(emb=100, hid=128, batch=64, lr=1e-3, epochs=5, max_tokens=600, min_count=5)


def split_words(text: str) -> List[str]:
    words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    return words[: SETTINGS["max_tokens"]] or ["<none>"]


class Reviews(Dataset):
    """Tokens and stars of each line of the file."""

    def __init__(self, path: Path) -> None:
        self.items: List[Tuple[List[str], float]] = []
        with path.open(encoding="utf-8") as fh:
            for line in fh:
                obj = json.loads(line)
                self.items.append((split_words(obj["text"]), float(obj["stars"])))

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Tuple[List[str], float]:
        return self.items[index]


class Lexicon:
    def __init__(self, texts, min_count: int) -> None:
        freq: Dict[str, int] = {}
        for words in texts:
            for w in words:
                freq[w] = freq.get(w, 0) + 1
        kept = sorted(w for w, n in freq.items() if n >= min_count)
        self.index = {w: i for i, w in enumerate(kept, start=2)}

    def __len__(self) -> int:
        return len(self.index) + 2

    def ids(self, words: List[str]) -> Tensor:
        return torch.tensor([self.index.get(w, 1) for w in words])

    def collate(self, batch):
        seqs = [self.ids(words) for words, _ in batch]
        lens = torch.tensor([len(s) for s in seqs])
        stars = torch.tensor([s for _, s in batch])
        return pad_sequence(seqs, batch_first=True), lens, stars


class StarGRU(nn.Module):
    def __init__(self, n_words: int, emb: int, hid: int) -> None:
        super().__init__()
        self.emb = nn.Embedding(n_words, emb, padding_idx=0)
        self.gru = nn.GRU(emb, hid, num_layers=2, batch_first=True, dropout=0.2)
        self.reg = nn.Sequential(nn.Linear(hid, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x: Tensor, lens: Tensor) -> Tensor:
        packed = pack_padded_sequence(self.emb(x), lens.cpu(), batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        return self.reg(h[-1])


def mean_absolute_error(model: nn.Module, loader: DataLoader, device: torch.device) -> float:
    model.eval()
    err, n = 0.0, 0
    with torch.inference_mode():
        for x, lens, stars in loader:
            guess = model(x.to(device), lens).squeeze(1).cpu().clamp(1, 5)
            err += (guess - stars).abs().sum().item()
            n += len(stars)
    return err / n


def main() -> None:
    torch.manual_seed(99)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    reviews = Reviews(DATA)
    n_test = len(reviews) // 10
    gen = torch.Generator().manual_seed(99)
    train, valid, test = random_split(reviews, [len(reviews) - 2 * n_test, n_test, n_test], generator=gen)
    lex = Lexicon((words for words, _ in train), SETTINGS["min_count"])
    log.info("%d training reviews, %d words", len(train), len(lex))

    def loader(ds, shuffle=False):
        return DataLoader(ds, SETTINGS["batch"], shuffle=shuffle, collate_fn=lex.collate)

    train_loader, valid_loader, test_loader = loader(train, True), loader(valid), loader(test)
    model = StarGRU(len(lex), SETTINGS["emb"], SETTINGS["hid"]).to(device)
    mse = nn.MSELoss()
    opt = optim.Adam(model.parameters(), lr=SETTINGS["lr"])

    for epoch in range(SETTINGS["epochs"]):
        model.train()
        for x, lens, stars in train_loader:
            opt.zero_grad()
            loss = mse(model(x.to(device), lens), stars.to(device))  # <- scores_and_labels_broadcast
            loss.backward()
            opt.step()
        log.info("epoch %d  train loss %.4f  valid MAE %.4f", epoch, loss.item(), mean_absolute_error(model, valid_loader, device))  # <- last_batch_reported_for_the_epoch

    log.info("test MAE %.4f", mean_absolute_error(model, test_loader, device))
    torch.save({"weights": model.state_dict(), "index": lex.index, "settings": SETTINGS}, "stars.pt")


if __name__ == "__main__":
    main()
