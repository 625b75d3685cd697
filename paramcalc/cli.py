"""The command line: parse, call, print, exit code."""


def main() -> None:
    """Run the command line."""
