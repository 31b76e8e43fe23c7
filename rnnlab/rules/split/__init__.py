"""Mistakes of the stage: split."""
