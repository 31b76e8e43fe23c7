import re
import random
import pandas as pd
import torch
import torch.nn as nn
from collections import Counter
from torch.utils.data import Dataset, DataLoader

random.seed(0)
torch.manual_seed(0)
BATCH_SIZE = 256
N_LAYERS = 2
HIDDEN = 128
EPOCHS = 2
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")

df = pd.read_csv("sentiment140.csv", encoding="latin-1", header=None, usecols=[0, 5], names=["polarity", "text"])
# columns 0 and 5 of the file, which has no line of names
df = df.drop_duplicates("text")
df["polarity"] = df["polarity"].map({0: 0, 4: 1})
df = df.sample(frac=1, random_state=0).reset_index(drop=True)
df["words"] = df["text"].str.lower().str.replace(r"@\w+|http\S+", "", regex=True).str.findall(r"[a-z']+")
df = df[df["words"].str.len() > 0].reset_index(drop=True)
cut = int(len(df) * 0.95)
train_df, test_df = df[:cut], df[cut:]

counter = Counter(w for ws in train_df["words"] for w in ws)
vocab_size = len(counter)
word2id = {"<pad>": 0, "<unk>": 1}
for w in counter:
    word2id[w] = len(word2id)


class TweetSet(Dataset):
    def __init__(self, frame):
        self.x = [[word2id.get(w, 1) for w in ws] for ws in frame["words"]]
        self.y = frame["polarity"].tolist()

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def left_pad(batch):
    longest = max(len(x) for x, _ in batch)
    return (torch.tensor([[0] * (longest - len(x)) + x for x, _ in batch]),
            torch.tensor([float(y) for _, y in batch]))


class TweetGRU(nn.Module):
    def __init__(self, n_words):
        super().__init__()
        self.embedding = nn.Embedding(n_words, 100, padding_idx=0)
        self.gru = nn.GRU(100, HIDDEN, N_LAYERS, batch_first=True, dropout=0.2)
        self.fc = nn.Linear(HIDDEN, 1)

    def forward(self, x, h):
        out, h = self.gru(self.embedding(x), h)
        return self.fc(out[:, -1]).squeeze(1), h

    def init_hidden(self, n):
        return torch.zeros(N_LAYERS, n, HIDDEN, device=DEVICE)


train_loader = DataLoader(TweetSet(train_df), BATCH_SIZE, shuffle=True, collate_fn=left_pad, drop_last=True)
test_loader = DataLoader(TweetSet(test_df), BATCH_SIZE, collate_fn=left_pad)
model = TweetGRU(vocab_size).to(DEVICE)  # <- embedding_smaller_than_the_vocabulary
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(EPOCHS):
    model.train()
    hidden = model.init_hidden(BATCH_SIZE)
    for step, (x, y) in enumerate(train_loader):
        x, y = x.to(DEVICE), y.to(DEVICE)
        optimizer.zero_grad()
        output, hidden = model(x, hidden)  # <- hidden_state_kept_in_the_graph
        loss = criterion(output, y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5)
        optimizer.step()
        if step % 500 == 0:
            print("epoch {} step {} loss {:.4f}".format(epoch, step, loss.item()))

model.eval()
correct = 0
with torch.no_grad():
    for x, y in test_loader:
        out, _ = model(x.to(DEVICE), model.init_hidden(x.size(0)))
        correct += ((out > 0).float().cpu() == y).sum().item()
print("test accuracy", correct / len(test_df))
