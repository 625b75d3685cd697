"""The commands, one file each; `options` holds the options of several, `values` reads what is given to them.

The help of a command needs its file: what only a run needs is imported in the function that needs it.
"""
