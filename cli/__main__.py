"""`python -m cli` is `tap`, also where the script of that name cannot be run."""

from cli.main import main

if __name__ == "__main__":
    main()
