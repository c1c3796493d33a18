"""Modules that a cold start imports and no request uses, and what a package has in their place."""

_UNWRITTEN = b'''"""In place of botocore's: texts of a client's help, which no function reads."""
class Unwritten:
    def __init__(self, *_, **__): ...
    def __getattr__(self, _): return Unwritten
def __getattr__(_): return Unwritten
'''
STAND_INS = {
    "botocore/docs/__init__.py": b"",
    "botocore/docs/docstring.py": _UNWRITTEN,
    "botocore/docs/utils.py": _UNWRITTEN,
    # It looks for the version of a library that only its own functions would load.
    "urllib3/http2/__init__.py": b"",
}
