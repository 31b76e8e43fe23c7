# Определение рубрики по заголовку новости, посимвольная двунаправленная LSTM
import json
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(12)
DATA = Path('data/lenta')          # train.tsv, dev.tsv, test.tsv: рубрика<TAB>заголовок, без шапки
ALPHABET = 'абвгдеёжзийклмнопрстуфхцчшщъыьэюя0123456789 .,:;!?-«»"()%$'
CHAR2ID = {ch: i + 2 for i, ch in enumerate(ALPHABET)}     # 0 - дополнение, 1 - прочие символы
N_CHARS = len(ALPHABET) + 2


def encode(title):
    return [CHAR2ID.get(ch, 1) for ch in title.lower()]


class Titles(Dataset):
    def __init__(self, path, rubrics=None):
        lines = [line.split('\t') for line in path.read_text(encoding='utf-8').strip().split('\n')]
        self.rubrics = rubrics if rubrics is not None else sorted({r for r, _ in lines})
        number = {r: i for i, r in enumerate(self.rubrics)}
        self.items = [(encode(t), number[r]) for r, t in lines if t]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    lengths = torch.tensor([len(x) for x, _ in batch])
    chars = torch.zeros(len(batch), lengths.max().item(), dtype=torch.long)
    for row, (x, _) in enumerate(batch):
        chars[row, :len(x)] = torch.tensor(x)
    return chars, lengths, torch.tensor([y for _, y in batch])


class CharBiLSTM(nn.Module):
    def __init__(self, n_classes, emb=32, hidden=128):
        super().__init__()
        self.emb = nn.Embedding(N_CHARS, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hidden, num_layers=2, bidirectional=True, batch_first=True, dropout=0.2)
        self.fc = nn.Linear(2 * hidden, n_classes)

    def forward(self, chars, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.emb(chars), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        h = h.view(2, 2, chars.size(0), -1)      # слои, направления, примеры, признаки
        return self.fc(torch.cat((h[-1, 0], h[-1, 1]), dim=1))


def check(model, loader):
    model.eval()
    ok = 0
    with torch.no_grad():
        for chars, lengths, y in loader:
            ok += (model(chars, lengths).argmax(1) == y).sum().item()
    return ok / len(loader.dataset)


if __name__ == '__main__':
    train = Titles(DATA / 'train.tsv')
    dev = Titles(DATA / 'dev.tsv', train.rubrics)
    test = Titles(DATA / 'test.tsv', train.rubrics)
    train_loader = DataLoader(train, batch_size=64, shuffle=True, collate_fn=collate)
    dev_loader = DataLoader(dev, batch_size=128, collate_fn=collate)
    test_loader = DataLoader(test, batch_size=128, collate_fn=collate)

    model = CharBiLSTM(len(train.rubrics))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.8)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(8):
        model.train()
        total = 0.0
        for chars, lengths, y in train_loader:
            optimizer.zero_grad()
            loss = loss_fn(model(chars, lengths), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total += loss.item() * y.size(0)
        scheduler.step()
        print(f'эпоха {epoch + 1}: потери {total / len(train):.4f}, точность на dev {check(model, dev_loader):.4f}')
    print(f'точность на test {check(model, test_loader):.4f}')
    torch.save({'model': model.state_dict(), 'alphabet': ALPHABET, 'rubrics': train.rubrics}, 'rubrics.pt')
    print(json.dumps(train.rubrics, ensure_ascii=False))
