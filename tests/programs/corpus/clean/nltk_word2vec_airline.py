# airline tweets, word2vec trained on the training tweets with gensim, then a GRU
import random
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
from gensim.models import Word2Vec
from nltk.tokenize import TweetTokenizer
from sklearn.metrics import confusion_matrix, f1_score
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.class_weight import compute_class_weight
from sklearn.model_selection import train_test_split

random.seed(1)
np.random.seed(1)
torch.manual_seed(1)

df = pd.read_csv("Tweets.csv", usecols=["tweet_id", "airline_sentiment", "text"])
df = df.drop_duplicates("text")
tt = TweetTokenizer(preserve_case=False, reduce_len=True, strip_handles=True)
df["tokens"] = df["text"].apply(tt.tokenize)
df = df[df["tokens"].apply(len) > 0]
le = LabelEncoder()
df["y"] = le.fit_transform(df["airline_sentiment"])     # just names -> 0,1,2
train_df, tmp = train_test_split(df, test_size=0.3, random_state=1, stratify=df["y"])
val_df, test_df = train_test_split(tmp, test_size=0.5, random_state=1, stratify=tmp["y"])

w2v = Word2Vec(train_df["tokens"].tolist(), vector_size=100, window=5, min_count=2, workers=2, epochs=20, seed=1)
# row 0 pads, row 1 unknown, then gensim's own order
vectors = torch.from_numpy(np.vstack([np.zeros((1, 100)), w2v.wv.vectors.mean(0, keepdims=True), w2v.wv.vectors])).float()
OFFSET = 2


def ids(toks):
    return [w2v.wv.key_to_index[t] + OFFSET if t in w2v.wv.key_to_index else 1 for t in toks]


def batches(frame, bs, train=False):
    order = np.random.permutation(len(frame)) if train else np.arange(len(frame))
    tok, y = frame["tokens"].values, frame["y"].values
    for s in range(0, len(order), bs):
        part = order[s:s + bs]
        seqs = [ids(tok[i]) for i in part]
        L = max(len(q) for q in seqs)
        X = torch.zeros(len(part), L, dtype=torch.long)
        for r, q in enumerate(seqs):
            X[r, L - len(q):] = torch.tensor(q)          # on the right edge
        yield X, torch.tensor(y[part], dtype=torch.long)


class AirGRU(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(*vectors.shape, padding_idx=0)
        with torch.no_grad():
            self.emb.weight.copy_(vectors)               # row 0 of the matrix is zero already
        self.gru = nn.GRU(100, 64, num_layers=1, batch_first=True)
        self.fc = nn.Linear(64, 3)

    def forward(self, X):
        e = F.dropout(self.emb(X), p=0.3, training=self.training)
        out, h = self.gru(e)
        return self.fc(out[:, -1])


model = AirGRU()
w = compute_class_weight("balanced", classes=np.arange(3), y=train_df["y"].values)
criterion = nn.CrossEntropyLoss(torch.tensor(w, dtype=torch.float))
optimizer = torch.optim.Adam([
    {"params": model.emb.parameters(), "lr": 1e-4},
    {"params": list(model.gru.parameters()) + list(model.fc.parameters())},
], lr=1e-3)


def predict(frame):
    model.eval()
    with torch.no_grad():
        return torch.cat([model(X).argmax(1) for X, _ in batches(frame, 256)]).numpy()


best, best_sd = 0.0, None
for epoch in range(10):
    model.train()
    tot = 0.0
    for X, y in batches(train_df, 64, train=True):
        optimizer.zero_grad()
        loss = criterion(model(X), y)
        loss.backward()
        optimizer.step()
        tot += loss.item() * len(y)
    f1 = f1_score(val_df["y"], predict(val_df), average="macro")
    print("epoch", epoch, "loss", round(tot / len(train_df), 4), "val macro-F1", round(f1, 4))
    if f1 > best:
        best = f1
        best_sd = {k: v.clone() for k, v in model.state_dict().items()}

model.load_state_dict(best_sd)
pred = predict(test_df)
print("test macro-F1", round(f1_score(test_df["y"], pred, average="macro"), 4))
print(pd.DataFrame(confusion_matrix(test_df["y"], pred), index=le.classes_, columns=le.classes_))
test_df.assign(predicted=le.inverse_transform(pred)).to_csv("airline_test_predictions.csv", index=False)
