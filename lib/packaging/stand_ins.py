"""Modules that a package has in place of others', which make a cold start long for nothing."""

from pathlib import Path

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
    "botocore/httpsession.py": Path(__file__).with_name("httpsession.py").read_bytes(),
    # What botocore's other modules import of urllib3.
    "urllib3/__init__.py": b"",
    "urllib3/connection.py": b"""
from http.client import HTTPConnection, HTTPSConnection as VerifiedHTTPSConnection
""",
    "urllib3/connectionpool.py": b"HTTPConnectionPool = HTTPSConnectionPool = object\n",
    "urllib3/exceptions.py": b"""
from http.client import HTTPException
ProtocolError, ReadTimeoutError = (OSError, HTTPException), TimeoutError
class LocationParseError(ValueError): ...
""",
    "urllib3/util/__init__.py": b"""
from select import POLLIN, poll
def wait_for_read(sock, timeout):
    (waiting := poll()).register(sock, POLLIN)
    return bool(waiting.poll(timeout * 1000))
""",
    # What Powertools imports of it.
    "typing_extensions.py": b"""
from typing import NotRequired
def deprecated(*_, **__): return lambda it: it
""",
}
# Of these distributions nothing else is shipped.
REPLACED = "urllib3|typing_extensions"
