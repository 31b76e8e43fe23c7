"""AG News topic classification with the newer torchtext pieces (get_tokenizer, build_vocab_from_iterator)."""
import csv
import time

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader, random_split
from torchtext.data.utils import get_tokenizer
from torchtext.vocab import build_vocab_from_iterator

torch.manual_seed(0)
device = "cuda:0" if torch.cuda.is_available() else "cpu"
tokenizer = get_tokenizer("basic_english")
NAMES = {1: "World", 2: "Sports", 3: "Business", 4: "Sci/Tec"}


def read(path):
    rows = []
    with open(path, encoding="utf8", newline="") as f:
        reader = csv.reader(f)
        next(reader)            # Class Index,Title,Description
        for cls, title, desc in reader:
            rows.append((int(cls) - 1, tokenizer(title + " " + desc)))
    return rows


full_train = read("data/ag_news/train.csv")
test_rows = read("data/ag_news/test.csv")
n_valid = int(0.05 * len(full_train))
train_rows, valid_rows = random_split(full_train, [len(full_train) - n_valid, n_valid],
                                      generator=torch.Generator().manual_seed(0))

vocab = build_vocab_from_iterator((toks for _, toks in train_rows), min_freq=3, specials=["<pad>", "<unk>"])
vocab.set_default_index(vocab["<unk>"])
PAD = vocab["<pad>"]


def collate_batch(batch):
    labels = torch.tensor([b[0] for b in batch], dtype=torch.int64)
    seqs = [torch.tensor(vocab(b[1]), dtype=torch.int64) for b in batch]
    lengths = torch.tensor([len(s) for s in seqs])
    return labels.to(device), pad_sequence(seqs, batch_first=True, padding_value=PAD).to(device), lengths


class NewsGRU(nn.Module):
    def __init__(self, vocab_size, embed_dim, hidden, num_class):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=PAD)
        self.gru = nn.GRU(embed_dim, hidden, batch_first=True)
        self.fc1 = nn.Linear(hidden, 64)
        self.fc2 = nn.Linear(64, num_class)

    def forward(self, text, lengths):
        x = self.embedding(text)
        x = F.dropout(x, 0.3)  # <- functional_dropout_always_on
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        z = F.relu(self.fc1(h[-1]))
        z = F.dropout(z, p=0.5)  # <- functional_dropout_always_on
        return self.fc2(z)


BATCH_SIZE = 64
train_dl = DataLoader(train_rows, batch_size=BATCH_SIZE, shuffle=True, collate_fn=collate_batch)
valid_dl = DataLoader(valid_rows, batch_size=BATCH_SIZE, shuffle=False, collate_fn=collate_batch)
test_dl = DataLoader(test_rows, batch_size=BATCH_SIZE, shuffle=False, collate_fn=collate_batch)

model = NewsGRU(len(vocab), 64, 128, 4).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)


def train(dataloader, epoch):
    model.train()
    total_acc, total_count = 0, 0
    log_interval = 500
    for idx, (label, text, lengths) in enumerate(dataloader):
        optimizer.zero_grad()
        predicted = model(text, lengths)
        loss = criterion(predicted, label)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        total_acc += (predicted.argmax(1) == label).sum().item()
        total_count += label.size(0)
        if idx % log_interval == 0 and idx > 0:
            print("| epoch {:3d} | {:5d}/{:5d} batches | accuracy {:8.3f}".format(
                epoch, idx, len(dataloader), total_acc / total_count))
            total_acc, total_count = 0, 0


def evaluate(dataloader):
    model.eval()
    total_acc = 0.0
    with torch.no_grad():
        for label, text, lengths in dataloader:
            pred = model(text, lengths).argmax(1)
            total_acc += (pred == label).float().mean().item()
    return total_acc / len(dataloader)  # <- mean_of_batch_means


for epoch in range(1, 6):
    t0 = time.time()
    train(train_dl, epoch)
    print("| end of epoch {:3d} | time {:5.2f}s | valid accuracy {:8.3f}".format(
        epoch, time.time() - t0, evaluate(valid_dl)))

print("test accuracy {:8.3f}".format(evaluate(test_dl)))


def predict(text):
    model.eval()
    with torch.no_grad():
        ids = torch.tensor([vocab(tokenizer(text))], device=device)
        return NAMES[model(ids, torch.tensor([ids.size(1)])).argmax(1).item() + 1]


print(predict("The central bank raised its interest rate by a quarter point on Thursday"))
