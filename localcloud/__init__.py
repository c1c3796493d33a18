"""The embedded cloud and the `tap` command."""
