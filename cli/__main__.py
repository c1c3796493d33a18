"""`python -m localcloud` is `tap`, also where the script of that name is not to be had."""

from cli.main import main

if __name__ == "__main__":
    main()
