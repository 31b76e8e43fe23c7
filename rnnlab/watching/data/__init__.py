"""Watches what a program does with its data and its weights: tables, splits, loaders, words, seeds, checkpoints.

One file for each kind of library; `rnnlab.watching.libraries` switches them all on together.
"""
