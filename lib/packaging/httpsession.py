"""botocore's HTTP over Python's http.client: a package's `botocore/httpsession.py`.

The original is written for urllib3, an eighth of a cold start. This keeps botocore's connections,
which know `Expect: 100-continue`, and its exceptions; a test compares what both make of the same
servers. What no function uses is refused: proxies, client certificates, unverified endpoints.
"""

import http.client
import io
import ssl
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.awsrequest  # needs this module itself: its names are not there yet
import urllib3.exceptions
import urllib3.util
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    InvalidConfigError,
    ReadTimeoutError,
    SSLError,
)

ROOTS = Path(__file__).with_name("cacert.pem")
_PIECE = 1 << 17  # bytes
_Connection = http.client.HTTPConnection


@cache
def _verifying(roots: str) -> ssl.SSLContext:
    # TLS 1.2 or newer, a certificate of these roots, and the name of the host.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(roots)
    except OSError as error:
        raise ssl.SSLError(f"{roots}: {error}") from error
    return context


class URLLib3Session:
    """What sends a client's requests; botocore makes one for each client, by this name."""

    def __init__(
        self,
        *,
        verify: bool | str = True,
        proxies: Mapping[str, str] | None = None,
        timeout: float | Sequence[float] = 60,
        max_pool_connections: int = 10,
        socket_options: Sequence[tuple[int, int, int]] | None = None,
        client_cert: object = None,
        proxies_config: object = None,
    ) -> None:
        if not verify or client_cert or proxies_config:
            refused = "unverified endpoints, client certificates and settings of proxies"
            raise InvalidConfigError(error_msg=f"functions do without {refused}; leave them out")
        self._roots = str(ROOTS if verify is True else verify)
        self._proxies = proxies or {}
        both = (timeout, timeout) if isinstance(timeout, (int, float)) else timeout
        self._connect_timeout, self._read_timeout = both
        self._socket_options = socket_options or ()
        # By scheme and host; of more than these, the one that has been idle for longest is closed.
        self._idle: dict[str, deque[_Connection]] = defaultdict(
            lambda: deque(maxlen=max_pool_connections)
        )

    def send(self, request: Any) -> Any:
        """Send a request, and read the answer unless it is streamed; raise botocore's errors."""
        url = request.url
        try:
            return self._send(request)
        except BotoCoreError:
            raise
        except ssl.SSLError as error:
            raise SSLError(endpoint_url=url, error=error) from error
        except (TimeoutError, urllib3.exceptions.ReadTimeoutError) as error:
            raise ReadTimeoutError(endpoint_url=url, error=error) from error
        except (OSError, http.client.HTTPException, urllib3.exceptions.ProtocolError) as error:
            raise ConnectionClosedError(endpoint_url=url, error=error, request=request) from error
        except Exception as error:
            raise HTTPClientError(error=error) from error

    def close(self) -> None:
        """Close the connections that are idle."""
        self._idle.clear()

    def _send(self, request: Any) -> Any:
        scheme, host, path, query, _ = urlsplit(request.url)
        if self._proxies.get(scheme):
            mend = f"unset {scheme.upper()}_PROXY, or name the endpoint in NO_PROXY"
            raise InvalidConfigError(error_msg=f"functions reach AWS without a proxy; {mend}")
        idle = self._idle[f"{scheme}://{host}"]
        connection = self._connection(scheme, host, idle)
        try:
            self._connect(connection, request.url)
            _write(connection, request, f"{path or '/'}?{query}" if query else path or "/")
            own = (request.context or {}).get("read_timeout")
            connection.sock.settimeout(self._read_timeout if own is None else own)
            answer = connection.getresponse()
            body = _Body(answer, connection, idle)
            headers: dict[str, str] = {}
            for name, value in answer.headers.items():
                headers[name] = f"{headers[name]}, {value}" if name in headers else value
            response = botocore.awsrequest.AWSResponse(request.url, answer.status, headers, body)
            if not request.stream_output:
                _ = response.content
        except BaseException:
            connection.close()
            raise
        return response

    def _connection(self, scheme: str, host: str, idle: deque[_Connection]) -> Any:
        try:
            connection = idle.pop()
        except IndexError:
            if scheme == "http":
                return botocore.awsrequest.AWSHTTPConnection(host, blocksize=_PIECE)
            context = _verifying(self._roots)
            return botocore.awsrequest.AWSHTTPSConnection(host, blocksize=_PIECE, context=context)
        # What can be read before a request is sent is the connection's end.
        if connection.sock and urllib3.util.wait_for_read(connection.sock, 0):
            connection.close()  # it connects again
        return connection

    def _connect(self, connection: _Connection, url: str) -> None:
        if connection.sock:
            connection.sock.settimeout(self._connect_timeout)
            return
        connection.timeout = self._connect_timeout
        try:
            connection.connect()
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=url, error=error) from error
        except OSError as error:
            if isinstance(error, ssl.SSLError):
                raise
            raise EndpointConnectionError(endpoint_url=url, error=error) from error
        for option in self._socket_options:
            connection.sock.setsockopt(*option)


def _write(connection: _Connection, request: Any, target: str) -> None:
    body = request.body
    if request.headers.get("Transfer-Encoding") in ("chunked", b"chunked"):
        body = _framed(body)
    # An endpoint that refuses a request may answer before it has read it.
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.request(request.method, target, body, request.headers)


def _framed(body: Any) -> Iterator[bytes]:
    """Yield a file's content in HTTP's chunks."""
    for piece in iter(lambda: body.read(_PIECE), b""):
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


class _Body:
    """What is left of an answer; its connection is kept once all of it has been read."""

    def __init__(
        self, answer: http.client.HTTPResponse, connection: Any, idle: deque[_Connection]
    ) -> None:
        self._fp = answer  # botocore reaches through it for the socket
        self._connection = connection
        self._idle: deque[_Connection] | None = idle

    def readable(self) -> bool:
        return True

    def read(self, amt: int | None = None) -> Any:
        return self._take(self._fp.read, amt)

    def readinto(self, buffer: Any) -> Any:
        return self._take(self._fp.readinto, buffer)

    def readlines(self) -> list[bytes]:
        return io.BytesIO(self.read()).readlines()

    def stream(self) -> Iterator[bytes]:
        """Yield all that is left: of a chunked body, each piece as it comes."""
        read = self._fp.read1 if self._fp.chunked else self._fp.read
        while piece := self._take(read, _PIECE):
            yield piece

    def close(self) -> None:
        self._fp.close()
        if self._idle is not None:
            self._idle = None
            self._connection.close()

    def _take(self, read: Callable[[Any], Any], size: Any) -> Any:
        try:
            taken = read(size)
            if self._fp.isclosed() and self._fp.length:
                raise http.client.IncompleteRead(b"", self._fp.length)
        except TimeoutError as error:
            self.close()
            raise urllib3.exceptions.ReadTimeoutError(None, None, str(error)) from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise urllib3.exceptions.ProtocolError(error) from error
        if self._idle is not None and self._fp.isclosed():
            self._idle.append(self._connection)
            self._idle = None
        return taken
