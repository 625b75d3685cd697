"""Tests of the algebra of sizes, windows, receptive fields and conditions."""
