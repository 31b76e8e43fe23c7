"""python serve.py model.pt < reviews.txt   (one review per line)"""
import sys

import torch

from common import ReviewModel, numericalize, preprocess

checkpoint = torch.load(sys.argv[1], map_location="cpu")
stoi = {w: i for i, w in enumerate(checkpoint["itos"])}
model = ReviewModel(len(stoi))
model.load_state_dict(checkpoint["weights"])
model.eval()

for line in sys.stdin:
    ids = torch.tensor([numericalize(preprocess(line), stoi)])
    with torch.no_grad():
        p = torch.sigmoid(model(ids))[0].item()
    print(f"{p:.3f}\t{'positive' if p > 0.5 else 'negative'}\t{line.strip()[:60]}")
