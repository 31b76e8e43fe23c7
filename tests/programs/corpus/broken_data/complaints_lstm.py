import random
import torch
import torch.nn as nn
import torch.nn.functional as F
from torchtext import data

# consumer complaints: product, narrative
random.seed(90)
torch.manual_seed(90)

NARRATIVE = data.Field(lower=True, tokenize=str.split, batch_first=True, pad_first=True)
PRODUCT = data.LabelField()
train, valid, test = data.TabularDataset.splits(
    path='complaints', train='train.csv', validation='valid.csv', test='test.csv', format='csv', skip_header=True,
    fields=[('product', PRODUCT), ('narrative', NARRATIVE)])
NARRATIVE.build_vocab(train, min_freq=3)
PRODUCT.build_vocab(train)
VOCAB = NARRATIVE.vocab
PAD = VOCAB.stoi['<pad>']

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
train_it, valid_it, test_it = data.BucketIterator.splits(
    (train, valid, test), batch_size=48, device=device, sort_key=lambda e: len(e.narrative), sort_within_batch=True)


class ComplaintLSTM(nn.Module):
    def __init__(self, n_words, n_products, emb=100, hid=128):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb, padding_idx=PAD)
        self.lstm = nn.LSTM(emb, hid, num_layers=2, dropout=0.2, batch_first=True)
        self.fc = nn.Linear(hid, n_products)

    def forward(self, x):
        _, (h, _) = self.lstm(self.emb(x))
        return self.fc(h[-1])


model = ComplaintLSTM(len(VOCAB), len(PRODUCT.vocab)).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


@torch.no_grad()
def accuracy(it):
    model.eval()
    hits = 0
    for b in it:
        hits += (model(b.narrative).argmax(1) == b.product).sum().item()
    return hits / len(it.dataset)


best, kept = 0.0, None
for epoch in range(6):
    model.train()
    for b in train_it:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(b.narrative), b.product)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
    acc = accuracy(valid_it)
    print(f'epoch {epoch} valid {acc:.4f}')
    if acc > best:
        best, kept = acc, {k: v.clone() for k, v in model.state_dict().items()}
model.load_state_dict(kept)
print(f'test {accuracy(test_it):.4f}')


def products_of(narratives):
    """Products of several narratives at once."""
    model.eval()
    tokens = [NARRATIVE.preprocess(n) for n in narratives]
    longest = max(len(t) for t in tokens)
    rows = [[VOCAB.stoi[w] for w in t] + [PAD] * (longest - len(t)) for t in tokens]  # <- padding_on_different_sides
    with torch.no_grad():
        answer = model(torch.tensor(rows, device=device)).argmax(1)
    return [PRODUCT.vocab.itos[k] for k in answer.tolist()]


print(products_of(['they charged me twice for the same payment', 'my credit report shows an account that is not mine']))
