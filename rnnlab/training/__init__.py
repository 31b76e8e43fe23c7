"""Train the real thing, fast: the lecture's classifier on all reviews, on a GPU or on two cores, without losing work."""
