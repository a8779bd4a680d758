"""`python -m relay_ops`: the same as the console script `relay`."""

from relay_ops.app import main

if __name__ == "__main__":
    main()
