"""GRU sentiment classifier in plain PyTorch.  python dataloader_collate.py reviews.csv"""

import csv
import re
import sys
from collections import Counter

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, random_split

torch.manual_seed(42)
device = "cuda" if torch.cuda.is_available() else "cpu"

PAD, UNK = "<pad>", "<unk>"


def tokenize(text):
    text = re.sub(r"<br\s*/?>", " ", text.lower())
    return re.findall(r"[a-z0-9']+|[!?.,]", text)


class Vocabulary:
    def __init__(self, texts, max_size=2000, min_freq=2):
        counter = Counter(token for text in texts for token in tokenize(text))
        self.itos = [PAD, UNK] + [w for w, n in counter.most_common(max_size) if n >= min_freq]
        self.stoi = {w: i for i, w in enumerate(self.itos)}

    def __len__(self):
        return len(self.itos)

    def encode(self, text):
        return [self.stoi.get(token, self.stoi[UNK]) for token in tokenize(text)]


class ReviewDataset(Dataset):
    def __init__(self, path):
        with open(path, encoding="utf-8", newline="") as f:
            rows = list(csv.DictReader(f))
        self.texts = [row["review"] for row in rows]
        self.labels = [1 if row["sentiment"] in ("1", "positive") else 0 for row in rows]

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, i):
        return self.texts[i], self.labels[i]


dataset = ReviewDataset(sys.argv[1])
n_train = int(0.7 * len(dataset))
n_valid = int(0.15 * len(dataset))
n_test = len(dataset) - n_train - n_valid
train_set, valid_set, test_set = random_split(dataset, [n_train, n_valid, n_test])
print(f"{len(train_set)} train / {len(valid_set)} valid / {len(test_set)} test")

vocab = Vocabulary([dataset.texts[i] for i in train_set.indices])
print("vocabulary:", len(vocab))


def collate_fn(batch):
    texts, labels = zip(*batch)
    ids = [torch.tensor(vocab.encode(text)) for text in texts]
    lengths = torch.tensor([len(x) for x in ids])
    padded = pad_sequence(ids, batch_first=True, padding_value=vocab.stoi[PAD])
    return padded, lengths, torch.tensor(labels, dtype=torch.float)


train_loader = DataLoader(train_set, batch_size=32, shuffle=True, collate_fn=collate_fn)
valid_loader = DataLoader(valid_set, batch_size=32, collate_fn=collate_fn)
test_loader = DataLoader(test_set, batch_size=32, collate_fn=collate_fn)


class GRUClassifier(nn.Module):
    def __init__(self, vocab_size, embed_dim=32, hidden_dim=48):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=0)
        self.gru = nn.GRU(embed_dim, hidden_dim, batch_first=True)
        self.dropout = nn.Dropout(0.3)
        self.out = nn.Linear(hidden_dim, 1)

    def forward(self, x, lengths):
        emb = self.dropout(self.embedding(x))
        outputs, _ = self.gru(emb)
        # output at the last real token of each review
        last = outputs[torch.arange(x.size(0)), lengths - 1]
        return self.out(last).squeeze(-1)


model = GRUClassifier(len(vocab)).to(device)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)


def run_epoch(loader, train=False):
    model.train(train)
    total_loss, correct, n = 0.0, 0, 0
    with torch.set_grad_enabled(train):
        for x, lengths, y in loader:
            x, lengths, y = x.to(device), lengths.to(device), y.to(device)
            logits = model(x, lengths)
            loss = criterion(logits, y)
            if train:
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
            total_loss += loss.item() * len(y)
            correct += ((logits > 0).float() == y).sum().item()
            n += len(y)
    return total_loss / n, correct / n


best_acc = 0
for epoch in range(1, 5):
    train_loss, train_acc = run_epoch(train_loader, train=True)
    valid_loss, valid_acc = run_epoch(valid_loader)
    best_acc = max(best_acc, valid_acc)
    print(
        f"epoch {epoch}: train loss {train_loss:.3f} acc {train_acc:.3f} | valid loss {valid_loss:.3f} acc {valid_acc:.3f}"
    )

test_loss, test_acc = run_epoch(test_loader)
print(f"best valid acc {best_acc:.3f}, test acc {test_acc:.3f}")


@torch.no_grad()
def predict(sentence):
    model.eval()
    ids = torch.tensor(vocab.encode(sentence), device=device).unsqueeze(0)
    prob = torch.sigmoid(model(ids, torch.tensor([ids.size(1)], device=device))).item()
    return "positive" if prob > 0.5 else "negative", prob


print(predict("What a wonderful film, I loved every minute of it."))
