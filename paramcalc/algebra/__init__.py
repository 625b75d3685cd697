"""Exact arithmetic on sizes: expressions, windows, receptive fields, conditions, tensors."""
