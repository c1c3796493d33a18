"""The `tap` command, for the laptop and AWS alike: the command you type is the file you open."""
