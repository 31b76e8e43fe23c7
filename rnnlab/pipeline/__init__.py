"""The reference pipeline: the lecture's sentiment classifier, stage by stage, as plain functions."""
