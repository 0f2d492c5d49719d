"""Exact bounds and tests on counts, and which photos count once."""
