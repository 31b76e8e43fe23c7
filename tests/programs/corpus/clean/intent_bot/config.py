from pathlib import Path

import torch

BASE = Path(__file__).resolve().parent
TRAIN_FILE = BASE / "data" / "atis_train.tsv"
TEST_FILE = BASE / "data" / "atis_test.tsv"
CHECKPOINT = BASE / "checkpoints" / "intent.pt"

EMB_DIM = 64
HIDDEN = 64
DROPOUT = 0.25
BATCH = 32
EPOCHS = 30
PATIENCE = 5
LR = 1e-3
SEED = 4711
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
