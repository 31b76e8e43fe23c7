"""Mistakes of the stage: batch."""
