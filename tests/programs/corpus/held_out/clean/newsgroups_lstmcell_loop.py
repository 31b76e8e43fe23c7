"""Twenty Newsgroups with two LSTMCells unrolled by hand; the state of finished texts is frozen with a mask."""
from collections import Counter

import torch
from sklearn.datasets import fetch_20newsgroups
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader

TOPICS = ["sci.space", "rec.autos", "talk.politics.mideast", "comp.graphics"]
STRIP = ("headers", "footers", "quotes")
TAIL = 250

analyze = CountVectorizer(stop_words="english").build_analyzer()   # tokenizing only, nothing is fitted


def load(subset):
    bunch = fetch_20newsgroups(subset=subset, categories=TOPICS, remove=STRIP, shuffle=True, random_state=8)
    pairs = [(analyze(text)[-TAIL:], int(y)) for text, y in zip(bunch.data, bunch.target)]
    return [(words, y) for words, y in pairs if words], bunch.target_names


class StackedCells(nn.Module):
    def __init__(self, n_words: int, emb: int, hidden: int, n_classes: int):
        super().__init__()
        self.hidden = hidden
        self.embedding = nn.Embedding(n_words, emb, padding_idx=0)
        self.cells = nn.ModuleList([nn.LSTMCell(emb, hidden), nn.LSTMCell(hidden, hidden)])
        self.dropout = nn.Dropout(0.3)
        self.linear = nn.Linear(hidden, n_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, steps = x.shape
        emb = self.dropout(self.embedding(x))
        h = [emb.new_zeros(batch, self.hidden) for _ in self.cells]
        c = [emb.new_zeros(batch, self.hidden) for _ in self.cells]
        alive = x.ne(0).unsqueeze(-1)
        for t in range(steps):
            inp = emb[:, t]
            for k, cell in enumerate(self.cells):
                h_new, c_new = cell(inp, (h[k], c[k]))
                h[k] = torch.where(alive[:, t], h_new, h[k])
                c[k] = torch.where(alive[:, t], c_new, c[k])
                inp = h[k]
        return self.linear(self.dropout(h[-1]))


def main():
    torch.manual_seed(8)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    everything, names = load("train")
    test, _ = load("test")
    train, valid = train_test_split(everything, test_size=0.1, random_state=8)
    counts = Counter(w for words, _ in train for w in words)
    stoi = {w: i for i, (w, _) in enumerate(counts.most_common(15000), start=2)}

    def collate(batch):
        x = torch.zeros(len(batch), max(len(w) for w, _ in batch), dtype=torch.long)
        for i, (words, _) in enumerate(batch):
            x[i, :len(words)] = torch.tensor([stoi.get(w, 1) for w in words])
        return x, torch.tensor([y for _, y in batch])

    train_dl = DataLoader(train, batch_size=32, shuffle=True, collate_fn=collate)
    valid_dl = DataLoader(valid, batch_size=64, collate_fn=collate)
    test_dl = DataLoader(test, batch_size=64, collate_fn=collate)

    model = StackedCells(len(stoi) + 2, 100, 100, len(names)).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    criterion = nn.CrossEntropyLoss()

    def accuracy(loader):
        model.eval()
        hits = total = 0
        with torch.no_grad():
            for x, y in loader:
                hits += (model(x.to(device)).argmax(1).cpu() == y).sum().item()
                total += y.numel()
        return hits / total

    for epoch in range(6):
        model.train()
        loss_sum = seen = 0
        for x, y in train_dl:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            loss_sum += loss.item() * y.numel()
            seen += y.numel()
        print(f"{epoch}: loss {loss_sum / seen:.3f} valid {accuracy(valid_dl):.3f}")
    print(f"test {accuracy(test_dl):.3f}")


if __name__ == "__main__":
    main()
