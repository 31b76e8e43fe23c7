"""Mistakes of the stage: tokenize."""
