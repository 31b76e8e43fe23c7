"""Mistakes of the stage: vocab."""
