"""IMDb with ids from a saved numpy file (imdb.npz as Keras ships it: index 0 pad, 1 start, 2 unknown)."""
import math
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

NUM_WORDS = 20000


class ImdbNpz(Dataset):
    def __init__(self, xs, ys):
        # word ids are moved by 3, rare words become 2, every review starts with 1
        self.xs = [torch.tensor([1] + [w + 3 if w + 3 < NUM_WORDS else 2 for w in x]) for x in xs]
        self.ys = torch.tensor(ys, dtype=torch.float32)

    def __len__(self):
        return len(self.xs)

    def __getitem__(self, i):
        return self.xs[i], self.ys[i]


def left_pad(batch):
    xs, ys = zip(*batch)
    width = max(len(x) for x in xs)
    out = torch.zeros(len(xs), width, dtype=torch.long)
    for i, x in enumerate(xs):
        out[i, width - len(x):] = x
    return out, torch.stack(ys)


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(NUM_WORDS, 64, padding_idx=0)
        self.lstm = nn.LSTM(64, 64, batch_first=True, num_layers=2, dropout=0.2)
        self.fc = nn.Linear(64, 1)

    def forward(self, x):
        _, (h, _) = self.lstm(self.embedding(x))
        return self.fc(h[-1]).squeeze(-1)


class Trainer:
    def __init__(self, model, train_data, valid_data, test_data, lr=1e-3, batch_size=64):
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = model.to(self.device)
        self.loaders = {
            "train": DataLoader(train_data, batch_size, shuffle=True, collate_fn=left_pad),
            "valid": DataLoader(valid_data, batch_size, collate_fn=left_pad),
            "test": DataLoader(test_data, batch_size, collate_fn=left_pad),
        }
        self.opt = torch.optim.Adam(self.model.parameters(), lr=lr)
        self.scheduler = torch.optim.lr_scheduler.ExponentialLR(self.opt, gamma=0.8)
        self.loss = nn.BCEWithLogitsLoss()
        self.best_loss = math.inf

    def run(self, phase):
        training = phase == "train"
        self.model.train(training)
        loss_sum = right = 0.0
        steps = 0
        for x, y in self.loaders[phase]:
            x, y = x.to(self.device), y.to(self.device)
            with torch.set_grad_enabled(training):
                z = self.model(x)
                loss = self.loss(z, y)
            if training:
                self.opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                self.opt.step()
            loss_sum += loss.item()
            right += ((z > 0).float() == y).float().mean().item()
            steps += 1
        return loss_sum / steps, right / steps  # <- mean_of_batch_means

    def fit(self, epochs):
        for epoch in range(epochs):
            train_loss, train_acc = self.run("train")
            valid_loss, valid_acc = self.run("valid")
            self.scheduler.step()
            print(f"{epoch}: train {train_loss:.4f} {train_acc:.4f} valid {valid_loss:.4f} {valid_acc:.4f}")
            if valid_loss < self.best_loss:
                self.best_loss = valid_loss
                self.best_model = self.model  # <- best_weights_are_an_alias
        self.model = self.best_model

    def test(self):
        return self.run("test")


def main():
    torch.manual_seed(123)
    with np.load("imdb.npz", allow_pickle=True) as f:
        x_train, y_train, x_test, y_test = f["x_train"], f["y_train"], f["x_test"], f["y_test"]
    order = np.random.RandomState(113).permutation(len(x_train))
    x_train, y_train = x_train[order], y_train[order]
    k = len(x_train) // 5
    trainer = Trainer(Lstm(), ImdbNpz(x_train[k:], y_train[k:]), ImdbNpz(x_train[:k], y_train[:k]), ImdbNpz(x_test, y_test))
    trainer.fit(6)
    print("test loss %.4f accuracy %.4f" % trainer.test())


if __name__ == "__main__":
    main()
