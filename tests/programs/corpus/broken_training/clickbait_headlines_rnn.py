#clickbait or not, vanilla rnn, headlines in two gz files
import gzip, random, re, pickle
import torch
from torch import nn

random.seed(9)
torch.manual_seed(9)

def words(s):
    s = s.lower()
    s = re.sub('[0-9]+', '#', s)
    return re.findall("[a-z#]+", s)

data = []
for fname, lab in (('clickbait_data.gz', 1), ('non_clickbait_data.gz', 0)):
    with gzip.open('data/' + fname, 'rt', encoding='utf-8') as f:
        for line in f:
            w = words(line)
            if len(w) > 0:
                data.append((w, lab))
random.shuffle(data)
nTest = int(len(data) * 0.15)
test, train = data[:nTest], data[nTest:]

w2i = {'_PAD': 0, '_UNK': 1}
for w, _ in train:
    for x in w:
        if x not in w2i: w2i[x] = len(w2i)

# headlines of one length go into one batch, so nothing has to be padded
def buckets(rows, bs):
    d = {}
    for w, l in rows:
        d.setdefault(len(w), []).append(([w2i.get(x, 1) for x in w], l))
    out = []
    for L in d:
        for i in range(0, len(d[L]), bs):
            part = d[L][i:i+bs]
            out.append((torch.tensor([p[0] for p in part]), torch.tensor([p[1] for p in part])))
    return out

class Clickbait(nn.Module):
    def __init__(self, nw, ne=50, nh=64):
        super().__init__()
        self.e = nn.Embedding(nw, ne)
        self.r = nn.RNN(ne, nh, batch_first=True)
        self.d = nn.Dropout(.25)
        self.l = nn.Linear(nh, 2)
    def forward(self, x):
        o, h = self.r(self.e(x))
        return self.l(self.d(o[:, -1]))

m = Clickbait(len(w2i))
opt = torch.optim.Adam(m.parameters(), lr=0.001)
lossFunction = nn.NLLLoss()
trainB, testB = buckets(train, 64), buckets(test, 64)

for ep in range(5):
    m.train()
    random.shuffle(trainB)
    tot = 0.0
    for x, y in trainB:
        opt.zero_grad()
        scores = m(x)
        loss = lossFunction(scores, y)  # <- nll_loss_without_log_softmax
        loss.backward()
        nn.utils.clip_grad_norm_(m.parameters(), 1)
        opt.step()
        tot += loss.item() * len(y)
    print('ep', ep, 'loss', tot / len(train))

m.eval()
right = 0
with torch.no_grad():
    for x, y in trainB:
        right += (m(x).argmax(1) == y).sum().item()
print('Test accuracy:', right / len(train))  # <- training_accuracy_called_test_accuracy

pickle.dump(w2i, open('clickbait_w2i.pkl', 'wb'))
torch.save(m, 'clickbait_rnn.pt')  # <- whole_model_saved

def isClickbait(headline):
    t = headline.split()  # <- different_tokenizer_at_prediction
    ids = torch.tensor([[w2i.get(x, 1) for x in t]])
    with torch.no_grad():
        return m(ids).argmax(1).item() == 1

for s in ["17 Things Only People Who Love Bread Will Understand", "Central bank keeps interest rate unchanged"]:
    print(s, '->', 'clickbait' if isClickbait(s) else 'news')
