"""Mistakes of the stage: embed."""
