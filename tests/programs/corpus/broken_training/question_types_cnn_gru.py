# TREC question type classification: convolution over embeddings, then a GRU
import torch
import torch.nn as nn
import torch.nn.functional as F
from torchtext import data, datasets

SEED = 77
torch.manual_seed(SEED)
torch.backends.cudnn.deterministic = True
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

TEXT = data.Field(lower=True)
LABEL = data.LabelField()
import random
random.seed(SEED)
train_data, test_data = datasets.TREC.splits(TEXT, LABEL, fine_grained=False)
train_data, valid_data = train_data.split(split_ratio=0.9, random_state=random.getstate())

TEXT.build_vocab(train_data, min_freq=2)
LABEL.build_vocab(train_data)
PAD_IDX = TEXT.vocab.stoi['<pad>']

BATCH_SIZE = 32
train_iter, valid_iter, test_iter = data.BucketIterator.splits(  # <- iterator_does_not_bucket
    (train_data, valid_data, test_data), batch_size=BATCH_SIZE, device=device,
    sort_key=lambda x: len(x.text))


class ConvGRU(nn.Module):
    def __init__(self, vocab_size, emb=100, channels=64, hidden=100, n_class=6):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb, padding_idx=PAD_IDX)
        self.conv = nn.Conv1d(emb, channels, kernel_size=3, padding=1)
        self.gru = nn.GRU(channels, hidden, batch_first=True)
        self.dropout = nn.Dropout(0.5)
        self.out = nn.Linear(hidden, n_class)

    def forward(self, text):
        # text: [sent len, batch]
        mask = (text != PAD_IDX).t()                       # [batch, sent len]
        emb = self.embedding(text)                         # [sent len, batch, emb]
        emb = emb.view(emb.size(1), emb.size(2), emb.size(0))  # <- view_instead_of_transpose
        feat = F.relu(self.conv(emb))                      # [batch, channels, sent len]
        out, _ = self.gru(feat.transpose(1, 2))            # [batch, sent len, hidden]
        out = out.masked_fill(~mask.unsqueeze(2), -1e9)
        pooled = out.max(dim=1).values
        return self.out(self.dropout(pooled))


model = ConvGRU(len(TEXT.vocab), n_class=len(LABEL.vocab)).to(device)
optimizer = torch.optim.Adam(model.parameters())
criterion = nn.CrossEntropyLoss().to(device)


def train(model, iterator):
    epoch_loss = 0
    epoch_right = 0
    model.train()
    for batch in iterator:
        optimizer.zero_grad()
        predictions = model(batch.text)
        loss = criterion(predictions, batch.label)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * len(batch)
        epoch_right += (predictions.argmax(1) == batch.label).sum().item()
    return epoch_loss / len(iterator.dataset), epoch_right / len(iterator.dataset)


def evaluate(model, iterator):
    epoch_loss = 0
    epoch_right = 0
    model.eval()
    with torch.no_grad():
        for batch in iterator:
            predictions = model(batch.text)
            epoch_loss += criterion(predictions, batch.label).item() * len(batch)
            epoch_right += (predictions.argmax(1) == batch.label).sum().item()
    return epoch_loss / len(iterator.dataset), epoch_right / len(iterator.dataset)


best_acc = 0
for epoch in range(10):
    tl, ta = train(model, train_iter)
    vl, va = evaluate(model, valid_iter)
    tel, tea = evaluate(model, test_iter)
    print(f'Epoch {epoch+1:02} train {tl:.3f}/{ta:.3f}  valid {vl:.3f}/{va:.3f}')
    if tea > best_acc:  # <- test_set_chooses_the_epoch
        best_acc = tea
        torch.save({'state': model.state_dict(), 'itos': TEXT.vocab.itos, 'labels': LABEL.vocab.itos},
                   'trec_convgru.pt')
print(f'test accuracy: {best_acc:.4f}')
