"""Calls to what is deployed with the right credentials: tokens of the machine client."""

import base64
import json
import re
from typing import Any
from urllib.parse import urlencode

import urllib3

from cli import deployment, project
from cli.errors import CliError
from localcloud.cloud import Cloud

# The store is at the front door's root, as its CDN serves it.
_APIS = tuple(route.path or "store" for route in project.APP.routes)


def fetch_token(cloud: Cloud, scopes: list[str]) -> str:
    """An access token of TapStack's machine client (OAuth 2.0 client credentials).

    Args:
        cloud: a running embedded cloud.
        scopes: such as `items.read`; every scope of the client when empty.

    Raises:
        CliError: TapStack is not deployed, or Cognito refused.
    """
    outputs = deployment.find_stack(cloud, "TapStack").outputs
    pool, client_id = outputs["UserPoolId"], outputs["UserPoolClientId"]
    described = cloud.client("cognito-idp").describe_user_pool_client(
        UserPoolId=pool, ClientId=client_id
    )["UserPoolClient"]
    allowed = {scope.rpartition("/")[2]: scope for scope in described["AllowedOAuthScopes"]}
    unknown = [scope for scope in scopes if scope not in allowed]
    if unknown:
        raise CliError(f"no scope {unknown[0]!r}; the client has {', '.join(sorted(allowed))}")
    secret = f"{client_id}:{described['ClientSecret']}"
    wanted = [allowed[scope] for scope in scopes] or list(allowed.values())
    answer = _pool(cloud).request(
        "POST",
        f"{cloud.endpoint}/oauth2/token",
        body=urlencode({"grant_type": "client_credentials", "scope": " ".join(wanted)}),
        headers={
            "authorization": "Basic " + base64.b64encode(secret.encode()).decode(),
            "content-type": "application/x-www-form-urlencoded",
        },
    )
    if answer.status != 200:
        raise CliError(f"Cognito gave no token: {answer.status} {answer.data.decode()}")
    return str(answer.json()["access_token"])


def fetch_key(cloud: Cloud) -> str:
    """The value of the partner API's key.

    Raises:
        CliError: PartnerApiStack is not deployed.
    """
    key_id = deployment.find_stack(cloud, "PartnerApiStack").outputs["ApiKeyId"]
    return str(cloud.client("apigateway").get_api_key(apiKey=key_id, includeValue=True)["value"])


def require_api(name: str) -> None:
    """Refuse a name that no API has.

    Raises:
        CliError: there is none of that name.
    """
    if name not in _APIS:
        raise CliError(f"no API {name!r}; choose from {', '.join(_APIS)}")


def credentials(cloud: Cloud, api: str, scopes: list[str]) -> dict[str, str]:
    """The header that a client of an API proves itself with.

    Raises:
        CliError: it is not deployed.
    """
    if api == "partner":
        return {"x-api-key": fetch_key(cloud)}
    if api == "tap":
        return {"authorization": f"Bearer {fetch_token(cloud, scopes)}"}
    return {}


def call(
    cloud: Cloud, api: str, method: str, path: str, *, body: bytes | None, proof: dict[str, str]
) -> urllib3.BaseHTTPResponse:
    """Send one request to a deployed API through the front door.

    Raises:
        CliError: it cannot be reached.
    """
    headers = {"content-type": "application/json"} if body is not None else {}
    headers |= proof
    below = "" if api == "store" else f"/{api}"
    url = f"{cloud.front_door}{below}/{path.lstrip('/')}"
    try:
        return _pool(cloud).request(method, url, body=body, headers=headers)
    except urllib3.exceptions.HTTPError as error:
        raise CliError(f"{url} does not answer ({error}); see `tap status`") from error


def operation(cloud: Cloud, request: dict[str, Any]) -> dict[str, Any]:
    """Run one operation of the items API and return its `data`.

    Raises:
        CliError: the API refused; the message is its own.
    """
    proof = credentials(cloud, "tap", [])
    answer = call(cloud, "tap", "POST", "/api", body=json.dumps(request).encode(), proof=proof)
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if not body.get("success"):
        raise CliError(
            f"{request['operation']} was refused ({answer.status}): {_why(answer, body)}"
        )
    found: dict[str, Any] = body["data"]
    return found


def _why(answer: urllib3.BaseHTTPResponse, body: dict[str, Any]) -> str:
    """What a refusal says, in one line: its message, and what each wrong field may be."""
    error = body.get("error") or {}
    details = error.get("details")
    allowed = [
        f"{each['field']} may be {each['allowed']}"
        for each in (details if isinstance(details, list) else [])
        if each.get("allowed")
    ]
    text = answer.data.decode("utf-8", "replace") or "an empty answer"
    return "; ".join((str(error.get("message") or body.get("message") or text), *allowed))


def send_file(cloud: Cloud, upload: dict[str, Any], name: str, content: bytes) -> None:
    """Send a file with a presigned POST.

    Raises:
        CliError: S3 refused it; the message is its own.
    """
    fields = {**upload["fields"], "file": (name, content)}
    answer = _pool(cloud).request("POST", upload["url"], fields=fields)
    if answer.status not in (200, 201, 204):
        why = re.search(r"<Message>(.*?)</Message>", answer.data.decode("utf-8", "replace"))
        said = why[1] if why else "it said nothing"
        raise CliError(f"S3 refused the file ({answer.status}): {said}; upload it again")


def _pool(cloud: Cloud) -> urllib3.PoolManager:
    return urllib3.PoolManager(ca_certs=str(cloud.authority), retries=False, timeout=60)
