"""Mistakes of the stage: squeeze."""
