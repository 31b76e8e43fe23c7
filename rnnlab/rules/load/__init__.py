"""Mistakes of the stage: load."""
