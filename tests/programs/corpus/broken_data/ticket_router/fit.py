from collections import Counter

import torch
from torch import nn
from torch.utils.data import DataLoader, random_split

from net import TicketNet
from tickets import Collate, Tickets

tickets = Tickets("export/tickets.csv")
n_test = len(tickets) // 5
train, test = random_split(tickets, [len(tickets) - n_test, n_test])

count = Counter(w for ws, _ in train for w in ws)
vocab = {w: i for i, w in enumerate(["<pad>", "<unk>"] + [w for w, _ in count.most_common(30000)])}
loader = DataLoader(train, 64, shuffle=True, collate_fn=Collate(vocab))
model = TicketNet(len(vocab), len(tickets.queues))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(6):
    model.train()
    total = 0.0
    for x, lengths, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x, lengths), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
    print(epoch, total / len(train))

torch.save({"model": model.state_dict(), "vocab": vocab, "queues": tickets.queues}, "ticket_net.pt")
