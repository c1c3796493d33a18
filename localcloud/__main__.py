"""`python -m localcloud` is `tap`, also where the script of that name is not to be had."""

from localcloud.cli import main

if __name__ == "__main__":
    main()
