import torch
import torch.nn as nn
import torch.optim as optim
from torchtext import data

torch.manual_seed(0)
device = 'cuda' if torch.cuda.is_available() else 'cpu'

TEXT = data.Field(sequential=True, lower=True, batch_first=True, include_lengths=True)
LABEL = data.Field(sequential=False)  # <- special_tokens_counted_as_classes

train, val, test = data.TabularDataset.splits(
    path='SST2', train='train.tsv', validation='dev.tsv', test='test.tsv', format='tsv', skip_header=True,
    fields=[('text', TEXT), ('label', LABEL)])
TEXT.build_vocab(train, min_freq=5)
LABEL.build_vocab(train)

train_iter, val_iter, test_iter = data.BucketIterator.splits(  # <- iterator_does_not_bucket
    (train, val, test), batch_size=64, sort=False, device=device)

vocab_size = len(TEXT.vocab)
n_classes = len(LABEL.vocab)
print('classes', n_classes)


class BasicGRU(nn.Module):
    def __init__(self, n_layers, hidden_dim, n_vocab, embed_dim, n_classes, dropout_p=0.2):
        super(BasicGRU, self).__init__()
        self.embed = nn.Embedding(n_vocab, embed_dim, padding_idx=TEXT.vocab.stoi['<pad>'])
        self.dropout = nn.Dropout(dropout_p)
        self.gru = nn.GRU(embed_dim, hidden_dim, num_layers=n_layers, batch_first=True)
        self.out = nn.Linear(hidden_dim, n_classes)

    def forward(self, x, lengths):
        x = self.embed(x)
        x = nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h = self.gru(x)
        return self.out(self.dropout(h[-1]))


def train_epoch(model, optimizer, it):
    model.train()
    for b in it:
        x, n = b.text
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x, n), b.label)
        loss.backward()
        optimizer.step()


def evaluate(model, it):
    model.eval()
    corrects, total_loss = 0, 0
    with torch.no_grad():
        for b in it:
            x, n = b.text
            logit = model(x, n)
            total_loss += nn.functional.cross_entropy(logit, b.label, reduction='sum').item()
            corrects += (logit.max(1)[1] == b.label).sum().item()
    size = len(it.dataset)
    return total_loss / size, 100.0 * corrects / size


model = BasicGRU(1, 256, vocab_size, 128, n_classes).to(device)
optimizer = optim.Adam(model.parameters(), lr=0.001)
best_val_loss = None
for e in range(1, 11):
    train_epoch(model, optimizer, train_iter)
    val_loss, val_acc = evaluate(model, val_iter)
    print('[epoch: %d] val loss:%5.2f | val accuracy:%5.2f' % (e, val_loss, val_acc))
    if best_val_loss is None or val_loss < best_val_loss:
        best_val_loss = val_loss
        torch.save({'model': model.state_dict(), 'itos': TEXT.vocab.itos, 'labels': LABEL.vocab.itos}, 'txtclassification.pt')
model.load_state_dict(torch.load('txtclassification.pt')['model'])
print('test loss: %5.2f | test accuracy: %5.2f' % evaluate(model, test_iter))
