"""Consumer complaints -> product. Rare products are repeated, in the training part and only after the split."""
import random
import re
from collections import Counter

import pandas as pd
import torch
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, WeightedRandomSampler

SEED = 15
random.seed(SEED)
torch.manual_seed(SEED)
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")

df = pd.read_csv("complaints.csv", usecols=["Product", "Consumer complaint narrative"])
df.columns = ["product", "text"]
df = df.dropna().drop_duplicates(subset="text")
top = df["product"].value_counts().index[:8]
df = df[df["product"].isin(top)]
products = sorted(top)
df["label"] = pd.Categorical(df["product"], categories=products).codes.astype("int64")
df["tokens"] = df["text"].apply(lambda s: re.findall(r"[a-z]+", re.sub(r"x{2,}", " masked ", s.lower())) or ["masked"])

train, rest = train_test_split(df, test_size=0.25, random_state=SEED, stratify=df["label"])
valid, test = train_test_split(rest, test_size=0.6, random_state=SEED, stratify=rest["label"])

# half-way: products below the median size are repeated up to it ...
median = int(train["label"].value_counts().median())
pieces = [train]
for label, group in train.groupby("label"):
    if len(group) < median:
        pieces.append(group.sample(median - len(group), replace=True, random_state=SEED))
train_big = pd.concat(pieces)
# ... and the sampler does the rest
freq = train_big["label"].value_counts()
sample_weights = train_big["label"].map(lambda k: freq[k] ** -0.5).to_numpy()
sampler = WeightedRandomSampler(torch.as_tensor(sample_weights), num_samples=len(train_big), replacement=True)

counts = Counter(w for toks in train["tokens"] for w in toks)
stoi = {"<pad>": 0, "<unk>": 1}
stoi.update((w, i) for i, (w, _) in enumerate(counts.most_common(25000), start=2))


def encode(frame):
    return [(torch.tensor([stoi.get(w, 1) for w in toks]), y) for toks, y in zip(frame["tokens"], frame["label"])]


def collate(batch):
    x, y = zip(*batch)
    return pad_sequence(x, batch_first=True), torch.tensor([len(i) for i in x]), torch.tensor(y)


# batch norm can't work with a rest of one, hence drop_last (training only)
train_loader = DataLoader(encode(train_big), batch_size=64, sampler=sampler, collate_fn=collate, drop_last=True)
valid_loader = DataLoader(encode(valid), batch_size=128, collate_fn=collate)
test_loader = DataLoader(encode(test), batch_size=128, collate_fn=collate)


class ComplaintLSTM(nn.Module):
    def __init__(self, n_words, n_classes):
        super().__init__()
        self.embedding = nn.Embedding(n_words, 128, padding_idx=0)
        self.lstm = nn.LSTM(128, 128, num_layers=1, batch_first=True, bidirectional=True)
        self.bn = nn.BatchNorm1d(256)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(256, n_classes)

    def forward(self, x, n):
        packed = pack_padded_sequence(self.embedding(x), n, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        h = h.permute(1, 0, 2).flatten(1)
        return self.fc(self.drop(self.bn(h)))


model = ComplaintLSTM(len(stoi), len(products)).to(DEVICE)
optimizer = torch.optim.NAdam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()


@torch.no_grad()
def predict(loader):
    model.eval()
    gold, guess = [], []
    for x, n, y in loader:
        guess += model(x.to(DEVICE), n).argmax(1).tolist()
        gold += y.tolist()
    return gold, guess


best, snapshot = 0.0, None
for epoch in range(6):
    model.train()
    for x, n, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x.to(DEVICE), n), y.to(DEVICE))
        loss.backward()
        optimizer.step()
    score = balanced_accuracy_score(*predict(valid_loader))
    print(f"epoch {epoch}: balanced accuracy on validation {score:.4f}")
    if score > best:
        best = score
        snapshot = {k: v.detach().cpu().clone() for k, v in model.state_dict().items()}

model.load_state_dict(snapshot)
gold, guess = predict(test_loader)
print(f"test: balanced {balanced_accuracy_score(gold, guess):.4f}, plain {sum(a == b for a, b in zip(gold, guess)) / len(gold):.4f}")
