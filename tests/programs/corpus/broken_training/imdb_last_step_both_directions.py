import torch, random
import torch.nn as nn
import torch.optim as optim
from torchtext.legacy import data, datasets

random.seed(0)
torch.manual_seed(0)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

def drop_tags(tokens):
    return [t for t in tokens if t not in {'<br', '/><br', '/>'}]

# padded in front, so the last step is the last word of every review
TEXT = data.Field(sequential=True, lower=True, batch_first=True, pad_first=True, preprocessing=drop_tags)
LABEL = data.Field(sequential=False, use_vocab=True, unk_token=None, pad_token=None, is_target=True)

trainset, testset = datasets.IMDB.splits(TEXT, LABEL)
trainset, valset = trainset.split(split_ratio=0.8, random_state=random.getstate())
TEXT.build_vocab(trainset, min_freq=5)
LABEL.build_vocab(trainset)

BATCH_SIZE = 64
train_iter, val_iter, test_iter = data.BucketIterator.splits(  # <- iterator_does_not_bucket
    (trainset, valset, testset), batch_size=BATCH_SIZE, shuffle=True, repeat=False,
    sort_key=lambda ex: len(ex.text), device=device)
vocab_size = len(TEXT.vocab)
n_classes = 2


class BiGRU(nn.Module):
    def __init__(self, n_layers, hidden_dim, n_vocab, embed_dim, n_classes, dropout_p=0.2):
        super(BiGRU, self).__init__()
        self.embed = nn.Embedding(n_vocab, embed_dim, padding_idx=TEXT.vocab.stoi['<pad>'])
        self.dropout = nn.Dropout(dropout_p)
        self.gru = nn.GRU(embed_dim, hidden_dim, num_layers=n_layers, batch_first=True, bidirectional=True)
        self.out = nn.Linear(hidden_dim * 2, n_classes)

    def forward(self, x):
        x = self.embed(x)
        x, _ = self.gru(x)
        h_t = x[:, -1, :]  # <- backward_direction_read_at_the_wrong_end
        h_t = self.dropout(h_t)
        return self.out(h_t)


def train(model, optimizer, train_iter):
    model.train()
    for b, batch in enumerate(train_iter):
        x, y = batch.text, batch.label
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()


def evaluate(model, val_iter):
    """average loss and accuracy"""
    model.eval()
    corrects, total_loss = 0, 0
    with torch.no_grad():
        for batch in val_iter:
            logit = model(batch.text)
            loss = nn.functional.cross_entropy(logit, batch.label, reduction='mean')
            total_loss += loss.item()
            corrects += (logit.max(1)[1] == batch.label).sum().item()
    size = len(val_iter.dataset)
    avg_loss = total_loss / size  # <- mean_of_batch_means
    avg_accuracy = 100.0 * corrects / size
    return avg_loss, avg_accuracy


model = BiGRU(1, 256, vocab_size, 128, n_classes, 0.5).to(device)
optimizer = optim.Adam(model.parameters(), lr=1e-3)
for e in range(1, 6):
    train(model, optimizer, train_iter)
    val_loss, val_accuracy = evaluate(model, val_iter)
    print("[epoch: %d] val_loss:%5.4f | acc:%5.2f" % (e, val_loss, val_accuracy))

test_loss, test_acc = evaluate(model, test_iter)
print('test acc: %5.2f' % test_acc)
