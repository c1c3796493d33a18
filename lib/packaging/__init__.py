"""The steps that make a Lambda package; `lib.packaging.package` puts them together."""


class PackageError(Exception):
    """A package cannot be built: one line that says what was wrong, what was given, what to do."""
