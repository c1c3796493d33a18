"""Size and time limits of requests."""

import asyncio

from localcloud.asgi import App, Message, Receive, Refused, Scope, Send, answer

# The largest body that the AWS API takes in one piece; SDKs send larger files in parts.
BODY_LIMIT = 256 * 1024 * 1024
BODY_SECONDS = 30.0
# A connection's, from its beginning or from the last answer, to the end of a request's headers.
HEADER_SECONDS = 30


def limited(app: App, *, body: int = BODY_LIMIT, seconds: float = BODY_SECONDS) -> App:
    """Limit the size of a request's body and the time that it takes to arrive: else 413 or 408."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        size, whole, answered = 0, False, False

        async def bounded() -> Message:
            nonlocal size, whole
            if whole:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise Refused(408, "the request took too long to come") from None
            size += len(message.get("body", b""))
            whole = not message.get("more_body")
            if size > body:
                raise Refused(413, f"a request may have {body} bytes")
            return message

        async def noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await app(scope, bounded, noted)
        except Refused as ended:
            if not answered:
                await answer(send, ended.status, {"message": str(ended)}, {"connection": "close"})

    return served
