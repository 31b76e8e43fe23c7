CONFIG = {
    "data": {"train": "data/tickets_train.csv", "valid": "data/tickets_valid.csv", "test": "data/tickets_test.csv"},
    "classes": ["low", "medium", "high"],
    "model": {"embedding_dim": 96, "hidden_dim": 96, "dropout": 0.35},
    "training": {"batch_size": 32, "epochs": 12, "lr": 0.001, "seed": 314},
    "checkpoint": "runs/ticket_priority.pt",
}
