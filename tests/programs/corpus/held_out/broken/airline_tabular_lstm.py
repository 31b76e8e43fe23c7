import random
import torch
import torch.nn as nn
from torchtext import data

SEED = 42
random.seed(SEED)
torch.manual_seed(SEED)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

txt = data.Field(tokenize=lambda s: s.split(), lower=True, include_lengths=True)
lab = data.LabelField()
fields = {'tweet': ('t', txt), 'sentiment': ('s', lab)}

train_ds, val_ds = data.TabularDataset.splits(path='data', train='train.csv', validation='val.csv', format='csv', fields=fields)
test_ds = data.TabularDataset(path='data/train.csv', format='csv', fields=fields)  # <- training_file_read_again_as_test

txt.build_vocab(train_ds, max_size=10000, min_freq=2)
lab.build_vocab(train_ds)

train_it, val_it, test_it = data.BucketIterator.splits((train_ds, val_ds, test_ds), batch_size=64, device=device,
                                                       sort_key=lambda x: len(x.t), sort_within_batch=True)


class TweetClassifier(nn.Module):
    def __init__(self, vocab_size, emb_dim, hid_dim, out_dim, pad):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, emb_dim, padding_idx=pad)
        self.lstm = nn.LSTM(emb_dim, hid_dim, num_layers=2, bidirectional=True, dropout=0.5)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(2 * hid_dim, out_dim)

    def forward(self, t, n):
        e = self.drop(self.emb(t))
        pk = nn.utils.rnn.pack_padded_sequence(e, n.cpu())
        _, (h, _) = self.lstm(pk)
        return self.fc(self.drop(torch.cat([h[-2], h[-1]], dim=1)))


model = TweetClassifier(len(txt.vocab), 100, 128, len(lab.vocab), txt.vocab.stoi['<pad>']).to(device)
opt = torch.optim.Adam(model.parameters())
crit = nn.CrossEntropyLoss()


def evaluate(it):
    model.eval()
    right = tot = 0
    with torch.no_grad():
        for b in it:
            right += (model(*b.t).argmax(1) == b.s).sum().item()
            tot += b.s.size(0)
    return right / tot


for epoch in range(8):
    model.train()
    for b in train_it:
        opt.zero_grad()
        loss = crit(model(*b.t), b.s)
        loss.backward()
        opt.step()
    print(epoch, 'val', round(evaluate(val_it), 4))

print('TEST accuracy', evaluate(test_it))

demo = 'thank you for the great flight'
model.eval()
ids = [txt.vocab.stoi[w] for w in txt.preprocess(demo)]
with torch.no_grad():
    p = torch.softmax(model(torch.tensor(ids, device=device).unsqueeze(1), torch.tensor([len(ids)])), dim=1)[0]
for name, v in zip(lab.vocab.itos, p.tolist()):
    print('%-10s %.3f' % (name, v))
