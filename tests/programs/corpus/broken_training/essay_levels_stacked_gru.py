'''
Proficiency of learners' essays (A2, B1, B2, C1) with a GRU over the words.
One folder per level, one text file per essay.
'''
import os, re, random, copy
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader

LEVELS = ['A2', 'B1', 'B2', 'C1']
random.seed(27)
torch.manual_seed(27)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

essays = []
for y, level in enumerate(LEVELS):
    d = os.path.join('data', 'essays', level)
    for fn in sorted(os.listdir(d)):
        with open(os.path.join(d, fn), encoding='utf-8') as fh:
            w = re.findall(r"[a-z']+|[.,;!?]", fh.read().lower())
        if w:
            essays.append((w, y))
random.shuffle(essays)
n = len(essays) // 6
test, valid, train = essays[:n], essays[n:2 * n], essays[2 * n:]
voc = {'<pad>': 0, '<unk>': 1}
for w, _ in train:
    for t in w:
        voc.setdefault(t, len(voc))


def collate(rows):
    ids = [torch.tensor([voc.get(t, 1) for t in w]) for w, _ in rows]
    return pad_sequence(ids), torch.tensor([len(i) for i in ids]), torch.tensor([y for _, y in rows])


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(voc), 64, padding_idx=0)
        self.gru = nn.GRU(64, 64, num_layers=2)
        self.fc = nn.Linear(64, len(LEVELS))

    def forward(self, x, lens):
        out, _ = self.gru(pack_padded_sequence(self.emb(x), lens, enforce_sorted=False))
        out, lens = pad_packed_sequence(out)
        last = out[lens - 1, torch.arange(out.size(1))]
        return self.fc(last).squeeze()  # <- squeeze_drops_a_batch_of_one


net = Reader().to(device)
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
ce = nn.CrossEntropyLoss()
train_dl = DataLoader(train, 16, shuffle=True, drop_last=True, collate_fn=collate)


def acc(rows):
    net.eval()
    ok = 0
    with torch.no_grad():
        for x, lens, y in DataLoader(rows, 8, collate_fn=collate):
            ok += (net(x.to(device), lens).view(len(y), -1).argmax(1).cpu() == y).sum().item()
    return ok / len(rows)


best, kept = -1, None
for epoch in range(20):
    net.train()
    for x, lens, y in train_dl:
        opt.zero_grad()
        loss = ce(net(x.to(device), lens), y.to(device))
        loss.backward(retain_graph=True)  # <- retain_graph_as_a_cure
        opt.step()
    a = acc(valid)
    print('epoch %d, loss %.4f, valid %.4f' % (epoch, loss.item(), a))  # <- last_batch_reported_for_the_epoch
    if a > best:
        best, kept = a, copy.deepcopy(net.state_dict())

net.load_state_dict(kept)
print('test %.4f' % acc(test))
torch.save({'net': kept, 'voc': voc, 'levels': LEVELS}, 'essays.pt')


def level_of(text):
    net.eval()
    w = re.findall(r"[a-z']+|[.,;!?]", text.lower()) or ['.']
    x, lens, _ = collate([(w, 0)])
    with torch.no_grad():
        return LEVELS[net(x.to(device), lens).argmax().item()]


print(level_of("Last summer I go to the beach with my family and it was very nice."))
