"""A step-through debugger for recurrent text classifiers in PyTorch."""
