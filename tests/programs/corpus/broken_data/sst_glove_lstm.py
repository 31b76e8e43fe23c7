import random
import torch
import torch.nn as nn
from torchtext import data, datasets

random.seed(4)
torch.manual_seed(4)


class Args:
    embed_dim = 300
    hidden_dim = 168
    batch_size = 32
    lr = 5e-4
    epochs = 8


args = Args()
text_field = data.Field(lower=True, batch_first=True, include_lengths=True, tokenize=str.split)
label_field = data.LabelField()
train_set, dev_set, test_set = datasets.SST.splits(text_field, label_field, fine_grained=True)
text_field.build_vocab(train_set, vectors='glove.840B.300d', unk_init=lambda t: t.normal_(0, 0.1))
label_field.build_vocab(train_set)
dev = 'cuda:0' if torch.cuda.is_available() else 'cpu'
train_it, dev_it, test_it = data.BucketIterator.splits((train_set, dev_set, test_set), batch_size=args.batch_size,
                                                       sort_within_batch=True, device=dev)


class SSTModel(nn.Module):
    def __init__(self, args, vocab, n_labels):
        super().__init__()
        pad = vocab.stoi['<pad>']
        vectors = vocab.vectors.clone()
        vectors[pad] = 0
        self.embed = nn.Embedding.from_pretrained(vectors, freeze=False, padding_idx=pad)
        self.lstm = nn.LSTM(args.embed_dim, args.hidden_dim, batch_first=True)
        self.fc = nn.Linear(args.hidden_dim, n_labels)
        self.dropout = nn.Dropout(0.3)

    def forward(self, x):
        words, lengths = x  # <- lengths_asked_for_and_not_used
        output, (h_n, c_n) = self.lstm(self.dropout(self.embed(words)))  # <- padding_read_as_last_step
        return self.fc(self.dropout(h_n[-1]))


model = SSTModel(args, text_field.vocab, len(label_field.vocab)).to(dev)
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
criterion = nn.CrossEntropyLoss()


def evaluate(iterator):
    model.eval()
    corrects = 0
    with torch.no_grad():
        for batch in iterator:
            corrects += (model(batch.text).argmax(1) == batch.label).sum().item()
    return 100.0 * corrects / len(iterator.dataset)


best, best_params = 0, None
for ep in range(args.epochs):
    model.train()
    for batch in train_it:
        optimizer.zero_grad()
        loss = criterion(model(batch.text), batch.label)
        loss.backward()
        optimizer.step()
    acc = evaluate(dev_it)
    print('epoch {} dev {:.2f}%'.format(ep, acc))
    if acc > best:
        best = acc
        best_params = {n: p.clone() for n, p in model.state_dict().items()}
model.load_state_dict(best_params)
print('test {:.2f}%'.format(evaluate(test_it)))
