import random
import torch
from torch import nn, optim
from torchtext import data

random.seed(2); torch.manual_seed(2)

# clothing.tsv: label <tab> text, label 1 = recommended, 0 = not recommended, no header line
TEXT = data.Field(lower=True, tokenize=str.split, pad_first=True)
LABEL = data.LabelField(dtype=torch.float)
reviews = data.TabularDataset('clothing.tsv', format='tsv', fields=[('label', LABEL), ('text', TEXT)])
train, val, test = reviews.split([0.8, 0.1, 0.1], stratified=True, random_state=random.getstate())
TEXT.build_vocab(train)
LABEL.build_vocab(train)

device = torch.device('cpu')
train_iter, val_iter, test_iter = data.Iterator.splits((train, val, test), batch_size=32, device=device,
                                                       sort=False, shuffle=True)


class ReviewRNN(nn.Module):
    def __init__(self, n_words, pad, emb=50, hid=50):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb, padding_idx=pad)
        self.rnn = nn.RNN(emb, hid, batch_first=True)
        self.fc = nn.Linear(hid, 1)

    def forward(self, text):
        out, _ = self.rnn(self.emb(text))  # <- batch_axis_read_as_time
        return self.fc(out[-1]).squeeze(1)


model = ReviewRNN(len(TEXT.vocab), TEXT.vocab.stoi['<pad>'])
optimizer = optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.BCEWithLogitsLoss()


def evaluate(it):
    model.eval()
    tp = fp = fn = ok = n = 0
    with torch.no_grad():
        for b in it:
            pred = (model(b.text) > 0).float()
            tp += ((pred == 1) & (b.label == 1)).sum().item()  # <- labels_swapped_by_frequency
            fp += ((pred == 1) & (b.label == 0)).sum().item()  # <- labels_swapped_by_frequency
            fn += ((pred == 0) & (b.label == 1)).sum().item()  # <- labels_swapped_by_frequency
            ok += (pred == b.label).sum().item()
            n += len(b.label)
    return ok / n, tp / max(tp + fp, 1), tp / max(tp + fn, 1)


for epoch in range(10):
    model.train()
    for b in train_iter:
        optimizer.zero_grad()
        loss = loss_fn(model(b.text), b.label)
        loss.backward()
        optimizer.step()
    print('epoch %d: acc %.3f, recommended precision %.3f, recommended recall %.3f' % ((epoch,) + evaluate(val_iter)))
print('test: acc %.3f, recommended precision %.3f, recommended recall %.3f' % evaluate(test_iter))
