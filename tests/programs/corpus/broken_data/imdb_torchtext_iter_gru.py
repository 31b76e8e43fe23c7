import random
import time
from functools import partial

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchtext.data.utils import get_tokenizer
from torchtext.datasets import IMDB
from torchtext.vocab import build_vocab_from_iterator

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
tokenizer = get_tokenizer("basic_english")
torch.manual_seed(42)
random.seed(42)

BATCH_SIZE = 64
EPOCHS = 4


def to_pairs(split):
    # torchtext 0.12: label is 'neg' or 'pos'
    return [(label, tokenizer(text)) for label, text in IMDB(split=split)]


train_pairs = to_pairs("train")
test_pairs = to_pairs("test")
valid_index = set(random.sample(range(len(train_pairs)), 2500))
valid_pairs = [p for i, p in enumerate(train_pairs) if i in valid_index]
train_pairs = [p for i, p in enumerate(train_pairs) if i not in valid_index]

vocab = build_vocab_from_iterator((toks for _, toks in train_pairs), min_freq=5, specials=["<unk>", "<pad>"])
vocab.set_default_index(vocab["<unk>"])
PAD = vocab["<pad>"]


def collate_batch(batch, vocab):
    label_list, text_list, lengths = [], [], []
    for label, toks in batch:
        label_list.append(1 if label == "pos" else 0)
        text_list.append(torch.tensor(vocab(toks), dtype=torch.int64))
        lengths.append(len(toks))
    padded = nn.utils.rnn.pad_sequence(text_list, batch_first=True, padding_value=PAD)
    return torch.tensor(label_list, dtype=torch.int64), padded, torch.tensor(lengths)


collate = partial(collate_batch, vocab=vocab)
train_dataloader = DataLoader(train_pairs, batch_size=BATCH_SIZE, collate_fn=collate)  # <- training_data_not_shuffled
valid_dataloader = DataLoader(valid_pairs, batch_size=BATCH_SIZE, collate_fn=collate)
test_dataloader = DataLoader(test_pairs, batch_size=BATCH_SIZE, collate_fn=collate)


class GRUClassifier(nn.Module):
    def __init__(self, vocab_size, embed_dim, hidden_dim, num_class):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=PAD)
        self.gru = nn.GRU(embed_dim, hidden_dim, batch_first=True)
        self.fc = nn.Linear(hidden_dim, num_class)

    def forward(self, text, lengths):
        out, _ = self.gru(self.embedding(text))
        idx = (lengths - 1).to(out.device).view(-1, 1, 1).expand(-1, 1, out.size(2))
        last = out.gather(1, idx).squeeze(1)
        return self.fc(last)


model = GRUClassifier(len(vocab), 64, 128, 2).to(device)
criterion = torch.nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.1)


def train(dataloader, epoch):
    model.train()
    total_acc, total_count = 0, 0
    log_interval = 100
    for idx, (label, text, lengths) in enumerate(dataloader):
        label, text = label.to(device), text.to(device)
        optimizer.zero_grad()
        predicted_label = model(text, lengths)
        loss = criterion(predicted_label, label)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        total_acc += (predicted_label.argmax(1) == label).sum().item()
        total_count += label.size(0)
        if idx % log_interval == 0 and idx > 0:
            print("| epoch {:3d} | {:5d}/{:5d} batches | accuracy {:8.3f}".format(
                epoch, idx, len(dataloader), total_acc / total_count))
            total_acc, total_count = 0, 0


def evaluate(dataloader):
    model.eval()
    total_acc, total_count = 0, 0
    with torch.no_grad():
        for label, text, lengths in dataloader:
            label, text = label.to(device), text.to(device)
            predicted_label = model(text, lengths)
            total_acc += (predicted_label.argmax(1) == label).sum().item()
            total_count += label.size(0)
    return total_acc / total_count


for epoch in range(1, EPOCHS + 1):
    t0 = time.time()
    train(train_dataloader, epoch)
    accu_val = evaluate(valid_dataloader)
    scheduler.step()
    print("-" * 59)
    print("| end of epoch {:3d} | time: {:5.2f}s | valid accuracy {:8.3f}".format(epoch, time.time() - t0, accu_val))
    print("-" * 59)

print("test accuracy {:8.3f}".format(evaluate(test_dataloader)))


def predict(text):
    model.eval()
    with torch.no_grad():
        toks = tokenizer(text)
        x = torch.tensor(vocab(toks), dtype=torch.int64).unsqueeze(0).to(device)
        return ["neg", "pos"][model(x, torch.tensor([len(toks)])).argmax(1).item()]


print(predict("One of the finest films of the last ten years."))
