"""Mistakes of the stage: rnn."""
