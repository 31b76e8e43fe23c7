"""Mistakes of the stage: train."""
