"""The crosscheck with torch, and the only place that knows it; nothing here is imported before it is used.

Torch is a witness: what it is asked comes from the fields of a layer, never from the rules of
`paramcalc.layers`, so that the two answers are independent.
"""
