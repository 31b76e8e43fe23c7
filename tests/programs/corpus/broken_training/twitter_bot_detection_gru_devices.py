"""Is a tweet written by a bot?  pandas csv with `tweet` and `bot` (0/1)."""
import re
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import Dataset, DataLoader
from sklearn.model_selection import train_test_split
from tqdm import tqdm

SEED = 26
torch.manual_seed(SEED)
np.random.seed(SEED)

if torch.cuda.is_available():
    device = torch.device("cuda:0")
elif torch.backends.mps.is_available():
    device = torch.device("mps")
else:
    device = torch.device("cpu")


def preprocess(tweet: str) -> list:
    tweet = re.sub(r"https?://\S+", "<url>", tweet)
    tweet = re.sub(r"@\w+", "<user>", tweet)
    return re.findall(r"<url>|<user>|#\w+|\w+|[^\w\s]", tweet.lower()) or ["<empty>"]


class TweetDataset(Dataset):
    def __init__(self, df: pd.DataFrame, word2id: dict):
        self.ids = [torch.tensor([word2id.get(t, 1) for t in toks]) for toks in df["toks"]]
        self.bot = df["bot"].astype("float32").tolist()

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, k):
        return self.ids[k], self.bot[k]


def batchify(items):
    ids, bot = zip(*items)
    return pad_sequence(ids, batch_first=True), torch.tensor([len(i) for i in ids]), torch.tensor(bot)


class BotGRU(nn.Module):
    def __init__(self, vocab_size: int):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, 64, padding_idx=0)
        self.gru = nn.GRU(64, 64, batch_first=True)
        self.dropout = nn.Dropout(0.3)
        self.out = nn.Linear(64, 1)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embedding(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        h = self.gru(packed)[1][0]
        return self.out(self.dropout(h)).flatten()


df = pd.read_csv("data/bot_tweets.csv").dropna().drop_duplicates("tweet")
df["toks"] = df["tweet"].map(preprocess)
train_df, test_df = train_test_split(df, test_size=0.15, stratify=df["bot"], random_state=SEED)
train_df, val_df = train_test_split(train_df, test_size=0.15, stratify=train_df["bot"], random_state=SEED)
word2id = {"<pad>": 0, "<unk>": 1}
for toks in train_df["toks"]:
    for t in toks:
        word2id.setdefault(t, len(word2id))

train_loader = DataLoader(TweetDataset(train_df, word2id), 64, shuffle=True, collate_fn=batchify)
val_loader = DataLoader(TweetDataset(val_df, word2id), 64, collate_fn=batchify)
test_loader = DataLoader(TweetDataset(test_df, word2id), 64, collate_fn=batchify)

net = BotGRU(len(word2id))
net.to(device)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
criterion = nn.BCEWithLogitsLoss()


def accuracy(loader):
    net.eval()
    n_ok = n = 0
    with torch.no_grad():
        for ids, lengths, bot in loader:
            guess = net(ids.to(device), lengths) > 0
            n_ok += (guess.cpu() == (bot > 0.5)).sum().item()
            n += len(bot)
    return n_ok / n


for epoch in range(5):
    net.train()
    bar = tqdm(train_loader, desc=f"epoch {epoch}")
    total, n = 0.0, 0
    for ids, lengths, bot in bar:
        ids.to(device)
        bot = bot.to(device)
        optimizer.zero_grad()
        loss = criterion(net(ids, lengths), bot)  # <- model_never_moved_to_the_device
        loss.backward()
        optimizer.step()
        total += loss.item() * len(bot)
        n += len(bot)
    print(f"loss {total / n:.4f}  train acc {accuracy(train_loader):.4f}  val acc {accuracy(val_loader):.4f}")

print(f"test acc {accuracy(train_loader):.4f}")  # <- training_accuracy_called_test_accuracy
