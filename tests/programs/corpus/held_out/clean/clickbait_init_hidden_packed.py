# Clickbait headlines. Old habits: init_hidden(), Variable-era style, state made new for each batch
import gzip
import random
import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(10)
random.seed(10)
USE_CUDA = torch.cuda.is_available()
DEVICE = torch.device('cuda' if USE_CUDA else 'cpu')
BATCH_SIZE = 40
HIDDEN = 80
EMB = 60
LAYERS = 2


def load_file(name, label):
    out = []
    with gzip.open(name, 'rt', encoding='utf-8') as fh:
        for line in fh:
            toks = line.strip().lower().split()
            if len(toks) > 0:
                out.append([toks, label])
    return out


data = load_file('clickbait_data.gz', 1) + load_file('non_clickbait_data.gz', 0)
random.shuffle(data)
split = int(len(data) * 0.8)
train_data = data[:split]
test_data = data[split:]
print('train', len(train_data), 'test', len(test_data))

word_to_ix = {'PADDING': 0, 'UNKNOWN': 1}
for toks, _ in train_data:
    for t in toks:
        if t not in word_to_ix:
            word_to_ix[t] = len(word_to_ix)


def prepare(batch):
    batch = sorted(batch, key=lambda p: -len(p[0]))
    lens = [len(p[0]) for p in batch]
    mat = torch.zeros(len(batch), lens[0]).long()
    for i, (toks, _) in enumerate(batch):
        for j, t in enumerate(toks):
            mat[i, j] = word_to_ix[t] if t in word_to_ix else word_to_ix['UNKNOWN']
    target = torch.FloatTensor([p[1] for p in batch])
    return mat.to(DEVICE), lens, target.to(DEVICE)


class LSTMClassifier(nn.Module):
    def __init__(self, vocab_size):
        super(LSTMClassifier, self).__init__()
        self.word_embeddings = nn.Embedding(vocab_size, EMB, padding_idx=0)
        self.lstm = nn.LSTM(EMB, HIDDEN, num_layers=LAYERS, batch_first=True, dropout=0.25)
        self.hidden2label = nn.Linear(HIDDEN, 1)

    def init_hidden(self, bsz):
        weight = next(self.parameters())
        return (weight.new_zeros(LAYERS, bsz, HIDDEN), weight.new_zeros(LAYERS, bsz, HIDDEN))

    def forward(self, x, lens):
        hidden = self.init_hidden(x.size(0))
        embeds = self.word_embeddings(x)
        packed = nn.utils.rnn.pack_padded_sequence(embeds, lens, batch_first=True)
        out, (h_n, c_n) = self.lstm(packed, hidden)
        return torch.sigmoid(self.hidden2label(h_n[-1])).view(-1)


model = LSTMClassifier(len(word_to_ix)).to(DEVICE)
loss_function = nn.BCELoss()
optimizer = optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
scheduler = optim.lr_scheduler.MultiStepLR(optimizer, milestones=[4, 7], gamma=0.1)

for epoch in range(9):
    random.shuffle(train_data)
    model.train()
    epoch_loss, n_seen, n_ok = 0.0, 0, 0
    for i in range(0, len(train_data), BATCH_SIZE):
        x, lens, y = prepare(train_data[i:i + BATCH_SIZE])
        model.zero_grad()
        prob = model(x, lens)
        loss = loss_function(prob, y)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * len(lens)
        n_ok += ((prob > 0.5).float() == y).sum().item()
        n_seen += len(lens)
    scheduler.step()
    print('epoch %d loss %.4f acc %.4f' % (epoch, epoch_loss / n_seen, float(n_ok) / n_seen))

model.eval()
n_ok = 0
with torch.no_grad():
    for i in range(0, len(test_data), BATCH_SIZE):
        x, lens, y = prepare(test_data[i:i + BATCH_SIZE])
        n_ok += ((model(x, lens) > 0.5).float() == y).sum().item()
print('test acc %.4f' % (float(n_ok) / len(test_data)))
torch.save({'model': model.state_dict(), 'word_to_ix': word_to_ix}, 'clickbait.pkl')
