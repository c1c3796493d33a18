"""Errors that a caller is told about.

    Failure
    ├── InvalidRequest      the request is wrong in itself            400
    ├── Forbidden           the caller may not do this                403
    ├── NotFound            what the request names is not there       404
    ├── MethodNotAllowed    what it names has other methods           405
    ├── Conflict            the state does not allow it now           409
    ├── PreconditionFailed  the caller's own condition does not hold  412
    ├── TooLarge            more than can be stored or read           413
    ├── Unavailable         a service we depend on did not answer     503
    └── InternalError       any other exception, which is a bug       500

The services raise the leaves of this tree; `responses` alone knows the statuses.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

_LONGEST_FIELD = 256  # characters; names of any length can be sent

Details = Sequence[Mapping[str, str]] | Mapping[str, int | str]


class Failure(Exception):
    """A request was not carried out, for a reason that its caller can do something about.

    `code` is a stable word for programs, the message is for people, `details` adds facts.
    """

    code: ClassVar[str]
    message = ""  # of a class whose instances all say the same

    def __init__(self, message: str = "", details: Details | None = None) -> None:
        self.message = message or self.message
        self.details = details
        super().__init__(self.message)


class InvalidRequest(Failure):
    """The request breaks a rule; `details` lists the fields, their problem and what is allowed."""

    code = "invalid_request"


class Forbidden(Failure):
    """The request is understood, and this caller may not make it."""

    code = "forbidden"


class NotFound(Failure):
    """What the request names does not exist."""


class RouteNotFound(NotFound):
    """API Gateway passed on a path that the function does not know."""

    code = "not_found"
    message = "there is no such resource"


class MethodNotAllowed(Failure):
    """The path has other methods than the request's; the answer lists them in `Allow`."""

    code = "method_not_allowed"

    def __init__(self, methods: Sequence[str]) -> None:
        super().__init__(f"the resource has only {', '.join(methods)}")
        self.methods = methods


class Conflict(Failure):
    """The request is right, and what is stored does not allow it."""


class PreconditionFailed(Failure):
    """The request is right under a condition of its own, which does not hold."""


class TooLarge(Failure):
    """The result would be larger than can be stored, or the request than what is worth reading."""


class RequestTooLarge(TooLarge):
    """The body is longer than anything that the operation could take; it was not read."""

    code = "request_too_large"

    def __init__(self, limit: int) -> None:
        details = problem_of("body", "is too long", f"at most {limit} characters")
        super().__init__(f"the request is larger than {limit} characters", details)


class Unavailable(Failure):
    """A service this one depends on is down, slow or throttling; trying again later may help."""

    code = "service_unavailable"
    message = "a service this one depends on is not available; try again later"


class InternalError(Failure):
    """A bug: the log has the exception, the caller only the request id to report."""

    code = "internal_error"
    message = "an internal error; report the request_id"


def refused(field: str, problem: str, allowed: str, names: Collection[str] = ()) -> InvalidRequest:
    """Make the error for one field of a request, named by its path (`item.tags[2]`).

    `names` are the fields directly under `field` that have the problem; the first is named. A long
    path is cut.
    """
    if names:
        field = f"{field}.{min(names)}" if field else min(names)
    field = (field or "body").encode(errors="replace").decode()  # half a surrogate pair is no JSON
    if len(field) > _LONGEST_FIELD:
        field = f"{field[:_LONGEST_FIELD]}..."
    return InvalidRequest(f"{field} {problem}", problem_of(field, problem, allowed))


def problem_of(field: str, problem: str, allowed: str) -> Details:
    """Make the details of an error that is about one field."""
    return [{"field": field, "problem": problem, "allowed": allowed}]
