import random
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torchtext import data, datasets

torch.manual_seed(0)
random.seed(0)

VOCAB = 12000
EMB = 100
HID = 150
BATCH = 64
EPOCHS = 10
dev = torch.device('cuda') if torch.cuda.is_available() else torch.device('cpu')

# --- data -------------------------------------------------------------
TEXT = data.Field(lower=True, batch_first=True, tokenize=str.split)
LABEL = data.LabelField()
train_ds, val_ds, test_ds = datasets.SST.splits(TEXT, LABEL, fine_grained=False, train_subtrees=False,
                                                filter_pred=lambda ex: ex.label != 'neutral')
TEXT.build_vocab(train_ds, max_size=VOCAB)
LABEL.build_vocab(train_ds)
print('classes:', LABEL.vocab.itos)

train_it, val_it, test_it = data.BucketIterator.splits(
    (train_ds, val_ds, test_ds), batch_size=BATCH, device=dev, sort_within_batch=True,
    sort_key=lambda ex: len(ex.text))


# --- model ------------------------------------------------------------
class SSTNet(nn.Module):
    def __init__(self, n_classes):
        super(SSTNet, self).__init__()
        self.embed = nn.Embedding(VOCAB, EMB, padding_idx=1)  # <- embedding_smaller_than_the_vocabulary
        self.rnn = nn.RNN(EMB, HID, batch_first=True, nonlinearity='relu')
        self.fc1 = nn.Linear(HID, 50)
        self.fc2 = nn.Linear(50, n_classes)

    def forward(self, x):
        lens = (x != 0).sum(dim=1).cpu()  # <- padding_index_guessed
        e = self.embed(x)
        e = nn.utils.rnn.pack_padded_sequence(e, lens, batch_first=True, enforce_sorted=False)
        _, h = self.rnn(e)
        return self.fc2(F.relu(self.fc1(h[-1])))


model = SSTNet(len(LABEL.vocab)).to(dev)
optimizer = optim.Adagrad(model.parameters(), lr=0.02, weight_decay=1e-5)


def evaluate(it):
    model.eval()
    n = hit = 0
    with torch.no_grad():
        for b in it:
            pred = model(b.text).argmax(dim=1)
            hit += int((pred == b.label).sum())
            n += b.label.numel()
    return 100.0 * hit / n


best = 0.0
snapshot = None
for epoch in range(EPOCHS):
    model.train()
    s, n = 0.0, 0
    for b in train_it:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(b.text), b.label)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 3.0)
        optimizer.step()
        s += loss.item() * b.label.numel()
        n += b.label.numel()
    acc = evaluate(val_it)
    if acc > best:
        best = acc
        snapshot = {k: v.detach().clone() for k, v in model.state_dict().items()}
    print('epoch %2d  train loss %.4f  dev %.2f' % (epoch, s / n, acc))

if snapshot is not None:
    model.load_state_dict(snapshot)
print('test accuracy: %.2f' % evaluate(test_it))
