"""`python -m tradeworthy.cli`: the command without its script."""

from tradeworthy.cli.main import main

if __name__ == "__main__":
    main()
