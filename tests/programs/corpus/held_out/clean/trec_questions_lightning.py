"""Question types (TREC, six coarse classes) with PyTorch Lightning."""
import json
import re
from collections import Counter
from pathlib import Path

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from torch import nn
from torch.nn.utils.rnn import pack_sequence
from torch.utils.data import DataLoader, random_split

CLASSES = ['ABBR', 'DESC', 'ENTY', 'HUM', 'LOC', 'NUM']


def read_trec(path: Path) -> list[tuple[list[str], int]]:
    examples = []
    for line in path.read_text(encoding='latin-1').splitlines():
        label, _, question = line.partition(' ')
        words = re.findall(r"\w+|\?", question.lower())
        examples.append((words, CLASSES.index(label.split(':')[0])))
    return examples


class TrecData(pl.LightningDataModule):
    def __init__(self, root: str = 'data/trec', batch_size: int = 32):
        super().__init__()
        self.root = Path(root)
        self.batch_size = batch_size
        train_all = read_trec(self.root / 'train_5500.label')
        self.test_set = read_trec(self.root / 'TREC_10.label')
        n_valid = len(train_all) // 10
        generator = torch.Generator().manual_seed(11)
        self.train_set, self.valid_set = random_split(train_all, [len(train_all) - n_valid, n_valid], generator=generator)
        counts = Counter(w for words, _ in self.train_set for w in words)
        self.stoi = {'<unk>': 0}
        for word, _ in counts.most_common():
            self.stoi[word] = len(self.stoi)

    def collate(self, batch):
        seqs = [torch.tensor([self.stoi.get(w, 0) for w in words]) for words, _ in batch]
        return seqs, torch.tensor([label for _, label in batch])

    def train_dataloader(self):
        return DataLoader(self.train_set, self.batch_size, shuffle=True, collate_fn=self.collate)

    def val_dataloader(self):
        return DataLoader(self.valid_set, self.batch_size, collate_fn=self.collate)

    def test_dataloader(self):
        return DataLoader(self.test_set, self.batch_size, collate_fn=self.collate)


class QuestionLSTM(pl.LightningModule):
    def __init__(self, vocab_size: int, emb: int = 100, hidden: int = 150, lr: float = 1e-3):
        super().__init__()
        self.save_hyperparameters()
        self.embedding = nn.Embedding(vocab_size, emb)
        self.lstm = nn.LSTM(emb, hidden, bidirectional=True)
        self.drop = nn.Dropout(0.4)
        self.head = nn.Linear(2 * hidden, len(CLASSES))

    def forward(self, seqs):
        # a list of 1-d tensors of different lengths; nothing is ever padded
        packed = pack_sequence([self.embedding(s) for s in seqs], enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.head(self.drop(torch.cat((h[-2], h[-1]), dim=-1)))

    def _step(self, batch, name):
        seqs, y = batch
        logits = self(seqs)
        loss = F.cross_entropy(logits, y)
        acc = (logits.argmax(-1) == y).float().mean()
        self.log_dict({f'{name}_loss': loss, f'{name}_acc': acc}, on_step=False, on_epoch=True, batch_size=len(y), prog_bar=True)
        return loss

    def training_step(self, batch, batch_idx):
        return self._step(batch, 'train')

    def validation_step(self, batch, batch_idx):
        self._step(batch, 'val')

    def test_step(self, batch, batch_idx):
        self._step(batch, 'test')

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)


if __name__ == '__main__':
    pl.seed_everything(11)
    dm = TrecData()
    model = QuestionLSTM(vocab_size=len(dm.stoi))
    checkpoint = ModelCheckpoint(monitor='val_acc', mode='max', dirpath='checkpoints')
    Path('checkpoints').mkdir(exist_ok=True)
    with open('checkpoints/vocab.json', 'w') as f:
        json.dump(dm.stoi, f)
    trainer = pl.Trainer(max_epochs=20, gradient_clip_val=1.0, callbacks=[checkpoint, EarlyStopping('val_acc', mode='max', patience=4)])
    trainer.fit(model, datamodule=dm)
    trainer.test(ckpt_path='best', datamodule=dm)
