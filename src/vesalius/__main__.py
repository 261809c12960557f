"""`vesalius` and `python -m vesalius`: the command line, with the roles it may start."""

from vesalius import serving
from vesalius.interfaces import command_line


def main() -> None:
    """Run the command line."""
    command_line.main(serving)


if __name__ == "__main__":
    main()
