# Poem lines -> century, characters, batches of equal length (lines are chunked to 64 characters)
import os, random
import torch
import torch.nn as nn
import torch.optim as optim

random.seed(2); torch.manual_seed(2)
CHUNK = 64
BATCH = 32
CENTURIES = ['17', '18', '19', '20']

def read(part):
    samples = []
    for k, c in enumerate(CENTURIES):
        text = open(os.path.join('poems', part, c + '.txt'), encoding='utf-8').read()
        for i in range(0, len(text) - CHUNK, CHUNK):
            samples.append((text[i:i + CHUNK], k))
    return samples

train_samples, test_samples = read('train'), read('test')
chars = sorted(set(''.join(s for s, _ in train_samples)))
c2i = {c: i + 1 for i, c in enumerate(chars)}   # 0: a character not seen in training

def batches(samples):
    for i in range(0, len(samples) - BATCH + 1, BATCH):
        part = samples[i:i + BATCH]
        x = torch.tensor([[c2i.get(c, 0) for c in s] for s, _ in part])
        yield x.t(), torch.tensor([k for _, k in part])

class CharGRU(nn.Module):
    def __init__(self, n_chars, hidden, n_out):
        super().__init__()
        self.hidden = hidden
        self.emb = nn.Embedding(n_chars, 32)
        self.gru = nn.GRU(32, hidden)
        self.out = nn.Linear(hidden, n_out)
    def forward(self, x, h):
        o, h = self.gru(self.emb(x), h)
        return self.out(o[-1]), h
    def init_hidden(self, n):
        return torch.zeros(1, n, self.hidden)

model = CharGRU(len(chars) + 1, 100, len(CENTURIES))
opt = optim.Adam(model.parameters(), lr=0.003)
crit = nn.CrossEntropyLoss()
for epoch in range(5):
    random.shuffle(train_samples)
    model.train()
    h = model.init_hidden(BATCH)
    total, n = 0.0, 0
    for x, y in batches(train_samples):
        opt.zero_grad()
        scores, h = model(x, h)  # <- hidden_state_kept_in_the_graph
        loss = crit(scores, y)
        loss.backward(retain_graph=True)  # <- retain_graph_as_a_cure
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        opt.step()
        total += loss.item() * BATCH
        n += BATCH
    print('epoch', epoch, 'loss', total / n)

model.eval()
right, n = 0, 0
with torch.no_grad():
    for i in range(0, len(test_samples), BATCH):
        part = test_samples[i:i + BATCH]
        x = torch.tensor([[c2i.get(c, 0) for c in s] for s, _ in part]).t()
        scores, _ = model(x, model.init_hidden(len(part)))
        right += (scores.argmax(1) == torch.tensor([k for _, k in part])).sum().item()
        n += len(part)
print('test accuracy', right / n)
