"""Mistakes of the stage: evaluate."""
