import glob
import logging
import os
import random
import sys

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader

logger = logging.getLogger(__name__)
logging.basicConfig(stream=sys.stdout, level=logging.INFO)

# ---- settings -------------------------------------------------------------
ENRON = "data/enron1"          # with the folders ham and spam
MAX_TOKENS = 1000
EMB_DIM, HIDDEN = 64, 64
BATCH_SIZE, N_EPOCHS, LR = 32, 20, 5e-4
torch.manual_seed(77)
random.seed(77)


def tokens_of(path):
    with open(path, encoding="utf-8", errors="ignore") as fh:
        words = fh.read().lower().split()
    return words[:MAX_TOKENS] or ["<blank>"]


mails = [(tokens_of(p), 0) for p in sorted(glob.glob(os.path.join(ENRON, "ham", "*.txt")))]
mails += [(tokens_of(p), 1) for p in sorted(glob.glob(os.path.join(ENRON, "spam", "*.txt")))]
random.shuffle(mails)
k = len(mails) // 10
test_mails, valid_mails, train_mails = mails[:k], mails[k:2 * k], mails[2 * k:]

lookup = {}
for toks, _ in train_mails:
    for t in toks:
        lookup.setdefault(t, len(lookup) + 2)      # 0: padding, 1: unknown


def to_batch(samples):
    seqs = [torch.as_tensor([lookup.get(t, 1) for t in toks]) for toks, _ in samples]
    lens = torch.as_tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True), lens, torch.as_tensor([y for _, y in samples])


class EarlyStopping:
    """Stops when the loss has not fallen for `patience` epochs; keeps the best weights on disk."""

    def __init__(self, patience, path):
        self.patience, self.path = patience, path
        self.best, self.count = None, 0

    def __call__(self, value, net):
        if self.best is None or value < self.best - 1e-4:
            self.best, self.count = value, 0
            torch.save({"net": net.state_dict(), "lookup": lookup}, self.path)
        else:
            self.count += 1
        return self.count >= self.patience


class MailLSTM(nn.Module):
    def __init__(self, n_words):
        super().__init__()
        self.embed = nn.Embedding(n_words, EMB_DIM, padding_idx=0)
        self.lstm = nn.LSTM(EMB_DIM, HIDDEN, batch_first=True)
        self.classify = nn.Sequential(nn.Linear(HIDDEN, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 2))

    def forward(self, x, lens):
        packed = pack_padded_sequence(self.embed(x), lens.cpu(), batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)
        return self.classify(h_n[-1])


device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
net = MailLSTM(len(lookup) + 2).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=LR)
stopper = EarlyStopping(patience=3, path="enron_best.pt")

train_dl = DataLoader(train_mails, BATCH_SIZE, shuffle=True, collate_fn=to_batch)
valid_dl = DataLoader(valid_mails, BATCH_SIZE, collate_fn=to_batch)
test_dl = DataLoader(test_mails, BATCH_SIZE, collate_fn=to_batch)


def test_on(dl):
    net.eval()
    loss = right = tp = pos = n = 0
    with torch.no_grad():
        for x, lens, y in dl:
            out = net(x.to(device), lens).cpu()
            loss += nn.functional.cross_entropy(out, y, reduction="sum").item()
            guess = out.argmax(1)
            right += (guess == y).sum().item()
            tp += ((guess == 1) & (y == 1)).sum().item()
            pos += (y == 1).sum().item()
            n += len(y)
    return loss / n, right / n, tp / max(pos, 1)


for epoch in range(N_EPOCHS):
    net.train()
    total_loss = 0
    for x, lens, y in train_dl:
        optimizer.zero_grad()
        loss = criterion(net(x.to(device), lens), y.to(device))
        loss.backward()
        optimizer.step()
        total_loss += loss  # <- loss_summed_with_its_graph
    valid_loss, valid_acc, valid_recall = test_on(valid_dl)
    logger.info("epoch %d loss %.4f valid loss %.4f acc %.4f spam recall %.4f", epoch, total_loss / len(train_dl), valid_loss, valid_acc, valid_recall)  # <- mean_of_batch_means
    if stopper(valid_loss, net):
        logger.info("stopped early")
        break

test_loss, test_acc, test_recall = test_on(test_dl)  # <- best_weights_never_loaded
logger.info("test loss %.4f acc %.4f spam recall %.4f", test_loss, test_acc, test_recall)
