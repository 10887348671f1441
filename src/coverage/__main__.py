"""`python -m coverage` is the command `care-circle`."""

from .cli import main

if __name__ == "__main__":
    main()
