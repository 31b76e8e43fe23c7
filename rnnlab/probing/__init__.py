"""Facts from a model's behaviour on tiny inputs: what its sizes move with, and what gradients reach."""
