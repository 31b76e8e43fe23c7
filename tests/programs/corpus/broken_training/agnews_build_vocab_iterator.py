import time

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader
from torch.utils.data.dataset import random_split
from torchtext.data.functional import to_map_style_dataset
from torchtext.data.utils import get_tokenizer
from torchtext.datasets import AG_NEWS
from torchtext.vocab import build_vocab_from_iterator

torch.manual_seed(31)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
tokenizer = get_tokenizer("basic_english")

full_train = to_map_style_dataset(AG_NEWS(split="train"))
test_dataset = to_map_style_dataset(AG_NEWS(split="test"))
num_train = int(len(full_train) * 0.95)
split_train, split_valid = random_split(full_train, [num_train, len(full_train) - num_train])


def yield_tokens(rows):
    for _, text in rows:
        yield tokenizer(text)


vocab = build_vocab_from_iterator(yield_tokens(split_train), specials=["<pad>", "<unk>"], min_freq=2)
vocab.set_default_index(vocab["<unk>"])
text_pipeline = lambda x: vocab(tokenizer(x))
label_pipeline = lambda x: int(x) - 1


def collate_batch(batch):
    labels = torch.tensor([label_pipeline(lab) for lab, _ in batch], dtype=torch.int64)
    texts = [torch.tensor(text_pipeline(t), dtype=torch.int64) for _, t in batch]  # <- tokens_made_again_at_every_run
    return pad_sequence(texts, batch_first=True, padding_value=vocab["<pad>"]).to(device), labels.to(device)


class GRUMaxPool(nn.Module):
    def __init__(self, vocab_size, embed_dim, hidden_dim, num_class, pad):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=pad)
        self.gru = nn.GRU(embed_dim, hidden_dim, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(hidden_dim * 2, num_class)

    def forward(self, text):
        out, _ = self.gru(self.embedding(text))
        pooled, _ = torch.max(out, 1)  # <- padding_averaged_into_the_review
        return self.fc(pooled)


BATCH_SIZE, EPOCHS, LR = 64, 6, 1e-3
train_dataloader = DataLoader(split_train, batch_size=BATCH_SIZE, shuffle=True, collate_fn=collate_batch)
valid_dataloader = DataLoader(split_valid, batch_size=BATCH_SIZE, collate_fn=collate_batch)
test_dataloader = DataLoader(test_dataset, batch_size=BATCH_SIZE, collate_fn=collate_batch)

model = GRUMaxPool(len(vocab), 64, 64, 4, vocab["<pad>"]).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=LR)


def train(dataloader, epoch):
    model.train()
    total_acc, total_count, log_interval = 0, 0, 500
    optimizer.zero_grad()
    for idx, (text, label) in enumerate(dataloader):
        predicted = model(text)
        loss = criterion(predicted, label)
        loss.backward()  # <- gradients_not_zeroed
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        total_acc += (predicted.argmax(1) == label).sum().item()
        total_count += label.size(0)
        if idx % log_interval == 0 and idx > 0:
            print("| epoch {:3d} | {:5d}/{:5d} batches | accuracy {:8.3f}".format(
                epoch, idx, len(dataloader), total_acc / total_count))
            total_acc, total_count = 0, 0


def evaluate(dataloader):
    model.eval()
    total_acc, total_count = 0, 0
    with torch.no_grad():
        for text, label in dataloader:
            total_acc += (model(text).argmax(1) == label).sum().item()
            total_count += label.size(0)
    return total_acc / total_count


for epoch in range(1, EPOCHS + 1):
    t = time.time()
    train(train_dataloader, epoch)
    print("| end of epoch {:3d} | time: {:5.2f}s | valid accuracy {:8.3f}".format(epoch, time.time() - t, evaluate(valid_dataloader)))

print("test accuracy {:8.3f}".format(evaluate(test_dataloader)))
ag_news_label = {1: "World", 2: "Sports", 3: "Business", 4: "Sci/Tec"}
text = "The team came from behind to win the second leg of the final on penalties."
with torch.no_grad():
    out = model(torch.tensor([text_pipeline(text)], device=device))
print("This is a %s news" % ag_news_label[out.argmax(1).item() + 1])
