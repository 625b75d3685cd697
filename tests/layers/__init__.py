"""Tests of the rules of layers, mostly against torch."""
