import sys

import torch

from config import cfg
from model import NewsLSTM


def main():
    ckpt = torch.load(cfg.checkpoint, map_location=cfg.device)
    stoi, topics = ckpt["stoi"], ckpt["topics"]
    model = NewsLSTM(len(stoi), len(topics), cfg).to(cfg.device)
    model.load_state_dict(ckpt["model"])
    model.eval()
    for line in sys.stdin:
        toks = line.strip().split()  # <- different_tokenizer_at_prediction
        if not toks:
            continue
        x = torch.tensor([[stoi.get(t, stoi["<unk>"]) for t in toks]], device=cfg.device)
        with torch.no_grad():
            p = torch.softmax(model(x), dim=1)[0]
        k = p.argmax().item()
        print(f"{topics[k]}\t{p[k].item():.3f}\t{line.strip()}")


if __name__ == "__main__":
    main()
