import json
import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

from model import IntentGRU
from text import Vocabulary, tokenize

random.seed(3)
torch.manual_seed(3)

with open("data/intents.json") as f:
    intents = json.load(f)["intents"]
tags = sorted(i["tag"] for i in intents)
pairs = [(p, tags.index(i["tag"])) for i in intents for p in i["patterns"]]
random.shuffle(pairs)
n_valid = len(pairs) // 10
valid_pairs, train_pairs = pairs[:n_valid], pairs[n_valid:]

vocab = Vocabulary().fit([p for p, _ in train_pairs])


def collate(batch):
    seqs = [torch.tensor(vocab.encode(tokenize(s))) for s, _ in batch]  # <- tokens_made_again_at_every_run
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True), lengths, torch.tensor([t for _, t in batch])


train_loader = DataLoader(train_pairs, batch_size=16, shuffle=True, drop_last=True, collate_fn=collate)
model = IntentGRU(len(vocab), len(tags))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(200):
    model.train()
    for ids, lengths, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(ids, lengths), y)
        loss.backward()
        optimizer.step()
    if (epoch + 1) % 20 == 0:
        model.eval()
        with torch.no_grad():
            ids, lengths, y = collate(valid_pairs)
            acc = (model(ids, lengths).argmax(-1) == y).float().mean().item()
        print(f"epoch {epoch + 1}: valid accuracy {acc:.3f}")

torch.save({"model": model.state_dict(), "stoi": vocab.stoi, "tags": tags}, "intent.pt")
