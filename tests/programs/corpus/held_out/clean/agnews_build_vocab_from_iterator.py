import time

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader
from torch.utils.data.dataset import random_split
from torchtext.data.functional import to_map_style_dataset
from torchtext.data.utils import get_tokenizer
from torchtext.datasets import AG_NEWS
from torchtext.vocab import build_vocab_from_iterator

torch.manual_seed(42)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
tokenizer = get_tokenizer("basic_english")

train_iter, test_iter = AG_NEWS()
full_train = to_map_style_dataset(train_iter)
test_dataset = to_map_style_dataset(test_iter)
num_train = int(len(full_train) * 0.95)
split_train_, split_valid_ = random_split(full_train, [num_train, len(full_train) - num_train])


def yield_tokens(dataset):
    for _, text in dataset:
        yield tokenizer(text)


vocab = build_vocab_from_iterator(yield_tokens(split_train_), specials=["<pad>", "<unk>"], min_freq=3)
vocab.set_default_index(vocab["<unk>"])
PAD = vocab["<pad>"]


def text_pipeline(x):
    return vocab(tokenizer(x))


def label_pipeline(x):
    return int(x) - 1  # World, Sports, Business, Sci/Tech are 1..4


def collate_batch(batch):
    labels, texts, lengths = [], [], []
    for _label, _text in batch:
        ids = torch.tensor(text_pipeline(_text), dtype=torch.int64)  # <- tokens_made_again_at_every_run
        labels.append(label_pipeline(_label))
        texts.append(ids)
        lengths.append(ids.size(0))
    return (torch.tensor(labels, dtype=torch.int64).to(device),
            pad_sequence(texts, batch_first=True, padding_value=PAD).to(device),
            torch.tensor(lengths))


class NewsLSTM(nn.Module):
    def __init__(self, vocab_size, embed_dim, hidden, num_class):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=PAD)
        self.lstm = nn.LSTM(embed_dim, hidden, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, num_class)

    def forward(self, text, lengths):
        packed = pack_padded_sequence(self.embedding(text), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.fc(torch.cat([h[0], h[1]], dim=1))


EPOCHS = 4
BATCH_SIZE = 64
model = NewsLSTM(len(vocab), 64, 64, 4).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)

train_dataloader = DataLoader(split_train_, batch_size=BATCH_SIZE, shuffle=True, collate_fn=collate_batch)
valid_dataloader = DataLoader(split_valid_, batch_size=BATCH_SIZE, shuffle=False, collate_fn=collate_batch)
test_dataloader = DataLoader(test_dataset, batch_size=BATCH_SIZE, shuffle=False, collate_fn=collate_batch)


def train(dataloader):
    model.train()
    total_acc, total_count = 0, 0
    for idx, (label, text, lengths) in enumerate(dataloader):
        optimizer.zero_grad()
        predicted = model(text, lengths)
        loss = criterion(predicted, label)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        total_acc += (predicted.argmax(1) == label).sum().item()
        total_count += label.size(0)
        if idx % 500 == 0 and idx > 0:
            print(f"{idx:5d}/{len(dataloader):5d} batches, accuracy so far {total_acc / total_count:8.3f}")


def evaluate(dataloader):
    model.eval()
    total_acc, total_count = 0, 0
    with torch.no_grad():
        for label, text, lengths in dataloader:
            total_acc += (model(text, lengths).argmax(1) == label).sum().item()
            total_count += label.size(0)
    return total_acc / total_count


for epoch in range(1, EPOCHS + 1):
    t0 = time.time()
    train(train_dataloader)
    scheduler.step()
    print(f"end of epoch {epoch} | {time.time() - t0:5.1f}s | valid accuracy {evaluate(valid_dataloader):8.3f}")

print(f"test accuracy {evaluate(test_dataloader):8.3f}")

ag_news_label = {0: "World", 1: "Sports", 2: "Business", 3: "Sci/Tec"}


def predict(text):
    model.eval()
    with torch.no_grad():
        ids = torch.tensor([text_pipeline(text)], device=device)
        return ag_news_label[model(ids, torch.tensor([ids.size(1)])).argmax(1).item()]


print(predict("The central bank raised interest rates by a quarter point on Thursday."))
