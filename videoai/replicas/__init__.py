"""Reads that a replica may answer: which those are, which replica can, and the primary when none does."""
