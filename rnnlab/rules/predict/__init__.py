"""Mistakes of the stage: predict."""
