"""Routes of an API, and the loop that runs the one a request asks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.shared.http.errors import Forbidden, MethodNotAllowed, RouteNotFound
from services.shared.http.exact_json import Json
from services.shared.http.requests import Call, Event, Request
from services.shared.telemetry import logger


@dataclass(frozen=True)
class Route:
    """One operation of an API."""

    name: str  # in the API's description, in logs and in metrics
    run: Callable[[Call], Json]  # the checked request's work; gives the data of the answer
    status: int = 200  # HTTP status of a success, unless `run` sets another in the call
    scope: str | None = None  # OAuth 2.0 scope that the caller's token needs
    body: str | None = None  # its name in the API's description; not read when None


Routes = Mapping[str, Route]


def dispatch(
    call: Call, routes: Routes, key: str, read: Callable[[Route], Request] | None = None
) -> Json:
    """Find and run the route of a request; return the data of the answer.

    Status and request of the call are set; the request is what `read` reads and checks,
    empty when omitted. Raises a `Failure` for a path or method that is not there, and for a token
    that lacks the route's scope.
    """
    route = routes.get(key)
    if route is None:
        methods = methods_of(routes, key.partition(" ")[2])
        raise MethodNotAllowed(methods) if methods else RouteNotFound
    logger.append_keys(operation=route.name)
    if route.scope and route.scope not in _granted_scopes(call.event):
        raise Forbidden(f"the token needs the scope {route.scope}")
    call.status = route.status
    call.request = read(route) if read else {}
    return route.run(call)


def methods_of(routes: Routes, path: str) -> list[str]:
    """List the HTTP methods that a path has, in the order of the routes."""
    keys = [key.partition(" ") for key in routes]
    return [method for method, _, each in keys if each == path]


def _granted_scopes(event: Event) -> list[str]:
    """List the scopes of the token that API Gateway's JWT authorizer let in, none without one."""
    authorizer = event["requestContext"].get("authorizer", {})
    scopes: str = authorizer.get("jwt", {}).get("claims", {}).get("scope", "")
    return scopes.split()
