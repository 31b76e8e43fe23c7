"""Support tickets to departments. Config dict, cosine schedule, checkpoint per epoch."""
import json
import logging
import random
import re
from pathlib import Path

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

CFG = {
    'data': 'tickets',
    'emb': 96,
    'hid': 96,
    'batch': 32,
    'epochs': 12,
    'lr': 2e-3,
    'out': 'runs/tickets',
}
logging.basicConfig(level=logging.INFO, format='%(message)s')


def read(part):
    rows = json.loads((Path(CFG['data']) / f'{part}.json').read_text())
    return [(re.findall(r'\w+', r['subject'].lower() + ' ' + r['body'].lower()) or ['leer'], r['department']) for r in rows]


class TicketGRU(nn.Module):
    def __init__(self, n_words, n_out):
        super().__init__()
        self.emb = nn.Embedding(n_words, CFG['emb'], padding_idx=0)
        self.gru = nn.GRU(CFG['emb'], CFG['hid'], batch_first=True, bidirectional=True)
        self.norm = nn.BatchNorm1d(2 * CFG['hid'])
        self.fc = nn.Linear(2 * CFG['hid'], n_out)

    def forward(self, x, n):
        _, h = self.gru(pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False))
        return self.fc(self.norm(torch.cat([h[0], h[1]], dim=1)))


def main():
    random.seed(0)
    torch.manual_seed(0)
    train, valid, test = read('train'), read('valid'), read('test')
    depts = sorted({d for _, d in train})
    vocab = {'<pad>': 0, '<unk>': 1}
    for words, _ in train:
        for w in words:
            vocab.setdefault(w, len(vocab))

    def collate(rows):
        xs = [torch.tensor([vocab.get(w, 1) for w in words]) for words, _ in rows]
        return pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor([depts.index(d) for _, d in rows])

    train_dl = DataLoader(train, CFG['batch'], shuffle=True, drop_last=True, collate_fn=collate)
    valid_dl = DataLoader(valid, CFG['batch'], collate_fn=collate)
    test_dl = DataLoader(test, CFG['batch'], collate_fn=collate)
    model = TicketGRU(len(vocab), len(depts))
    opt = torch.optim.Adam(model.parameters(), lr=CFG['lr'])
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=CFG['epochs'])
    loss_fn = nn.CrossEntropyLoss()
    out = Path(CFG['out'])
    out.mkdir(parents=True, exist_ok=True)
    (out / 'vocab.json').write_text(json.dumps(vocab))

    def evaluate(dl):
        hits = n_rows = 0
        with torch.no_grad():
            for x, n, y in dl:  # <- evaluated_in_training_mode
                hits += (model(x, n).argmax(1) == y).sum().item()
                n_rows += len(y)
        return hits / n_rows

    for epoch in range(CFG['epochs']):
        model.train()
        loss_sum, n_rows = 0.0, 0
        for x, n, y in train_dl:
            opt.zero_grad()
            loss = loss_fn(model(x, n), y)
            loss.backward()
            opt.step()
            sched.step()  # <- scheduler_stepped_at_the_wrong_time
            loss_sum += loss.item() * len(y)
            n_rows += len(y)
        logging.info('epoch %d loss %.4f valid %.4f', epoch, loss_sum / n_rows, evaluate(valid_dl))
        torch.save(model.state_dict(), out / f'epoch{epoch}.pt')
    logging.info('test %.4f', evaluate(test_dl))


if __name__ == '__main__':
    main()
