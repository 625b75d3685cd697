"""Tests of the crosscheck with torch."""
