"""`python -m flows` is `audiocot`."""

from flows.cli import main

if __name__ == "__main__":
    main()
