"""One file for each `tap` command, named as it is typed."""
