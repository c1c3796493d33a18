"""botocore's HTTP over Python's http.client: a package's `botocore/httpsession.py`.

The original is written for urllib3, a seventh of a cold start. This keeps botocore's connections,
which know `Expect: 100-continue`, and its exceptions; a test compares what both make of the same
servers. What no function uses is refused: proxies, client certificates, unverified endpoints.
"""

import io
import ssl
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.awsrequest  # needs this module itself: its names are not there yet
from botocore import exceptions
from urllib3.util import wait_for_read

_ROOTS = Path(__file__).with_name("cacert.pem")
_PIECE = 1 << 16  # bytes
_Idle = deque[HTTPConnection]


class URLLib3Session:
    """What sends a client's requests; botocore makes one for each client, by this name."""

    def __init__(
        self,
        *,
        verify: bool | str = True,
        proxies: Mapping[str, str] | None = None,
        timeout: Any = 60,
        max_pool_connections: int = 10,
        socket_options: Any = None,
        client_cert: object = None,
        proxies_config: object = None,
    ) -> None:
        if not verify or client_cert or proxies_config:
            refused = "unverified endpoints, client certificates and settings of proxies"
            raise exceptions.InvalidConfigError(error_msg=f"functions do without {refused}")
        self._roots = str(_ROOTS if verify is True else verify)
        self._proxies = proxies or {}
        both = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        self._connect_timeout, self._read_timeout = both
        self._socket_options = socket_options or ()
        # By scheme and host; one too many ends the one that has been idle for longest.
        self._idle: dict[Any, _Idle] = defaultdict(lambda: deque(maxlen=max_pool_connections))

    def send(self, request: Any) -> Any:
        """Send a request, and read the answer unless it is to be streamed."""
        scheme, host, path, query, _ = urlsplit(request.url)
        if self._proxies.get(scheme):
            mend = f"unset {scheme.upper()}_PROXY, or name the endpoint in NO_PROXY"
            problem = f"functions reach AWS without a proxy; {mend}"
            raise exceptions.InvalidConfigError(error_msg=problem)
        reached = False
        try:
            connection = self._connected(scheme, host)
            reached = True
            _write(connection, request, f"{path or '/'}?{query}" if query else path or "/")
            connection.sock.settimeout(request.context.get("read_timeout") or self._read_timeout)
            answer = connection.getresponse()
            headers: Any = {}
            for name, value in answer.headers.items():
                headers[name] = f"{headers[name]}, {value}" if name in headers else value
            body = _Body(answer, connection, self._idle[scheme, host])
            response = botocore.awsrequest.AWSResponse(request.url, answer.status, headers, body)
            if not request.stream_output:
                _ = response.content
        except Exception as error:
            raise _named(error, request.url, reached=reached) from error
        return response

    def close(self) -> None:
        """Close the connections that are idle."""
        self._idle.clear()

    def _connected(self, scheme: str, host: str) -> Any:
        with suppress(IndexError):
            kept = self._idle[scheme, host].pop()
            # What can be read before a request is sent is the connection's end.
            if kept.sock and not wait_for_read(kept.sock, 0):
                kept.sock.settimeout(self._connect_timeout)
                return kept
        made: Any = (
            botocore.awsrequest.AWSHTTPConnection(host)
            if scheme == "http"
            else botocore.awsrequest.AWSHTTPSConnection(host, context=_verifying(self._roots))
        )
        made.timeout = self._connect_timeout
        made.connect()
        for option in self._socket_options:
            made.sock.setsockopt(*option)
        return made


@cache
def _verifying(roots: str) -> ssl.SSLContext:
    # TLS 1.2 or newer, a certificate of these roots, and the name of the host.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(roots)
    except OSError as error:
        raise ssl.SSLError(f"{roots}: {error}") from error
    return context


def _write(connection: HTTPConnection, request: Any, target: str) -> None:
    body = request.body
    if request.headers.get("Transfer-Encoding") in ("chunked", b"chunked"):
        pieces = chain(iter(lambda: request.body.read(_PIECE), b""), [b""])  # an empty one ends it
        body = (b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    # An endpoint that refuses a request may answer before it has read it.
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.request(request.method, target, body, request.headers)


def _named(error: Exception, url: str, *, reached: bool) -> Exception:
    """Name what went wrong as botocore does; its handlers of retries know these names."""
    kind: type[exceptions.BotoCoreError] = exceptions.HTTPClientError
    if isinstance(error, ssl.SSLError):
        kind = exceptions.SSLError
    elif isinstance(error, TimeoutError):
        kind = exceptions.ReadTimeoutError if reached else exceptions.ConnectTimeoutError
    elif isinstance(error, OSError) and not reached:
        kind = exceptions.EndpointConnectionError
    elif isinstance(error, (OSError, HTTPException)):
        kind = exceptions.ConnectionClosedError
    return kind(endpoint_url=url, error=error)


class _Body(io.RawIOBase):
    """What is left of an answer; its connection is kept once all of it has been read."""

    def __init__(self, answer: HTTPResponse, connection: HTTPConnection, idle: _Idle) -> None:
        self._fp = answer  # botocore reaches through it for the socket
        self._connection = connection
        self._idle: _Idle | None = idle

    def readable(self) -> bool:
        return True

    def read(self, amt: int | None = -1) -> Any:
        return super().read(-1 if amt is None else amt)

    def readinto(self, buffer: Any) -> int:
        try:
            count = self._fp.readinto(buffer)
            if self._fp.isclosed() and self._fp.length:
                raise IncompleteRead(b"", self._fp.length)
        except (OSError, HTTPException) as error:
            self.close()
            error.url = None  # type: ignore[union-attr]  # botocore reads it of a TimeoutError
            raise
        if self._idle is not None and self._fp.isclosed():
            self._idle.append(self._connection)
            self._idle = None
        return count

    def stream(self) -> Iterator[bytes]:
        while piece := self.read(_PIECE):
            yield piece

    def close(self) -> None:
        if self._idle is not None:
            self._idle = None
            self._connection.close()
            self._fp.close()
        super().close()
