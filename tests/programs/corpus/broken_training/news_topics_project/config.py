from types import SimpleNamespace

import torch

cfg = SimpleNamespace(
    train_csv="data/news_train.csv",
    valid_csv="data/news_valid.csv",
    checkpoint="checkpoints/news_lstm.pt",
    min_freq=2,
    emb_dim=100,
    hidden_dim=128,
    att_dim=64,
    dropout=0.4,
    batch_size=64,
    epochs=8,
    lr=1e-3,
    seed=31,
    device=torch.device("cuda" if torch.cuda.is_available() else "cpu"),
)
