from dataclasses import dataclass


@dataclass
class Config:
    data_file: str = "data/intents.jsonl"
    seed: int = 3
    emb_dim: int = 100
    hidden_dim: int = 96
    n_layers: int = 3
    dropout: float = 0.3
    batch_size: int = 32
    lr: float = 1e-3
    epochs: int = 30
    patience: int = 5
    out_file: str = "intent_model.pt"
