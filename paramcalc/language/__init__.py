"""The language: from YAML to a network.

`source` reads YAML with positions, `reader` turns it into a `document`, `build` executes that into
a network, `library` finds the files, `arguments` reads values from outside a file.
"""
