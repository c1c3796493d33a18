"""The one error of the package builder."""


class PackageError(Exception):
    """A package cannot be built: one line that says what was wrong, what was given, what to do."""
