# TED talk transcripts -> topic; 2-layer bidirectional GRU
import json, random, re
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

random.seed(4)
torch.manual_seed(4)

TOPICS = ['technology', 'science', 'culture', 'business']


def load(name):
    with open(name) as f:
        talks = json.load(f)
    return [(re.findall(r"[a-z']+", t['transcript'].lower())[-800:], TOPICS.index(t['topic'])) for t in talks if t['transcript']]


train, dev, test = load('ted_train.json'), load('ted_dev.json'), load('ted_test.json')
vocab = {}
for words, _ in train:
    for w in words:
        vocab.setdefault(w, len(vocab) + 1)     # 0 for unknown words


class TopicGRU(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(vocab) + 1, 100)
        self.gru = nn.GRU(100, 64, num_layers=2, bidirectional=True, dropout=0.3)
        self.fc = nn.Linear(128, len(TOPICS))

    def forward(self, seqs):
        packed = pack_sequence([self.emb(s) for s in seqs], enforce_sorted=False)
        _, hidden = self.gru(packed)
        both = torch.cat([hidden[0], hidden[1]], dim=1)  # <- wrong_directions_of_the_hidden_state
        return self.fc(both)


def ids(words):
    return torch.tensor([vocab.get(w, 0) for w in words])


net = TopicGRU()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.5)
criterion = nn.CrossEntropyLoss()


def accuracy(data):
    net.eval()
    right = 0
    with torch.no_grad():
        for i in range(0, len(data), 16):
            part = data[i:i + 16]
            right += (net([ids(w) for w, _ in part]).argmax(1) == torch.tensor([y for _, y in part])).sum().item()
    return right / len(data)


for epoch in range(15):
    random.shuffle(train)
    net.train()
    loss_sum = 0.0
    for i in range(0, len(train), 16):
        part = train[i:i + 16]
        optimizer.zero_grad()
        loss = criterion(net([ids(w) for w, _ in part]), torch.tensor([y for _, y in part]))
        loss.backward()
        optimizer.step()
        scheduler.step()  # <- scheduler_stepped_at_the_wrong_time
        loss_sum += loss.item() * len(part)
    print('epoch %d: loss %.4f, dev %.4f' % (epoch, loss_sum / len(train), accuracy(dev)))
print('test %.4f' % accuracy(test))
