import os, re, sys
from collections import Counter
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import Dataset, DataLoader
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from tqdm import tqdm

root = sys.argv[1] if len(sys.argv) > 1 else './aclImdb'
br = re.compile(r'<br\s*/?>')
word = re.compile(r"[a-z0-9']+|[!?]")

def tokens(t):
    return word.findall(br.sub(' ', t.lower()))

def load_part(part):
    X, Y = [], []
    for y, name in enumerate(['neg', 'pos']):
        folder = os.path.join(root, part, name)
        for fn in sorted(os.listdir(folder)):
            if not fn.endswith('.txt'): continue
            with open(os.path.join(folder, fn), encoding='utf-8') as f:
                X.append(tokens(f.read()))
            Y.append(y)
    return X, Y

print('reading ...')
train_x, train_y = load_part('train')
test_x, test_y = load_part('test')

cnt = Counter()
for t in train_x: cnt.update(t)
word2id = {'<pad>': 0, '<unk>': 1}
for w, c in cnt.most_common(30000):
    if c < 3: break
    word2id[w] = len(word2id)
print('vocab', len(word2id))

class Imdb(Dataset):
    def __init__(self, xs, ys):
        self.xs = [torch.tensor([word2id.get(w, 1) for w in x]) for x in xs]
        self.ys = ys
    def __len__(self): return len(self.xs)
    def __getitem__(self, i): return self.xs[i], self.ys[i]

def collate(b):
    xs, ys = zip(*b)
    lengths = torch.tensor([len(x) for x in xs])
    return pad_sequence(xs, batch_first=True), lengths, torch.tensor(ys)

train_loader = DataLoader(Imdb(train_x, train_y), batch_size=32, collate_fn=collate, num_workers=2)  # <- training_data_not_shuffled
test_loader = DataLoader(Imdb(test_x, test_y), batch_size=32, collate_fn=collate, num_workers=2)

class Net(nn.Module):
    def __init__(self, V, E=128, H=128):
        super().__init__()
        self.embed = nn.Embedding(V, E, padding_idx=0)
        self.lstm = nn.LSTM(E, H, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(0.5)
        self.lin = nn.Linear(2 * H, 2)
    def forward(self, x, lengths):
        e = self.drop(self.embed(x))
        p = pack_padded_sequence(e, lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(p)
        return self.lin(self.drop(torch.cat([h[-2], h[-1]], 1)))

use_cuda = torch.cuda.is_available()
net = Net(len(word2id))
if use_cuda: net = net.cuda()
loss_fn = nn.CrossEntropyLoss()
opt = optim.Adam(net.parameters(), lr=1e-3)

def test():
    net.eval()
    right = 0
    with torch.no_grad():
        for x, l, y in test_loader:
            if use_cuda: x, y = x.cuda(), y.cuda()
            right += (net(x, l).argmax(1) == y).sum().item()
    return right / len(test_loader.dataset)

for epoch in range(3):
    net.train()
    seen = right = 0
    bar = tqdm(train_loader)
    for x, l, y in bar:
        if use_cuda: x, y = x.cuda(), y.cuda()
        out = net(x, l)
        loss = loss_fn(out, y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        right += (out.argmax(1) == y).sum().item()
        seen += len(y)
        bar.set_description('epoch %d acc %.3f' % (epoch, right / seen))
print('test acc', test())
torch.save({'model': net.state_dict(), 'word2id': word2id}, 'imdb_lstm.pt')
