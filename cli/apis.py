"""Calls of the deployed APIs, with the credentials that each asks for."""

import json
import os
import re
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from cli import project
from cli.errors import CliError
from cli.targets import Target


def fetch_token(target: Target, scopes: list[str]) -> str:
    """Get an access token of TapStack's machine client (OAuth 2.0 client credentials).

    The scopes are such as `items.read`: every scope of the client when there are none. Raises
    `CliError` for one that it lacks, and when Cognito refuses.
    """
    outputs = target.stack(project.ITEMS).outputs
    client_id = outputs["UserPoolClientId"]
    described = target.clients("cognito-idp").describe_user_pool_client(
        UserPoolId=outputs["UserPoolId"], ClientId=client_id
    )["UserPoolClient"]
    allowed = {scope.rpartition("/")[2]: scope for scope in described["AllowedOAuthScopes"]}
    unknown = [scope for scope in scopes if scope not in allowed]
    if unknown:
        raise CliError(f"no scope {unknown[0]!r}; the client has {', '.join(sorted(allowed))}")
    wanted = [allowed[scope] for scope in scopes] or list(allowed.values())
    answer = _request(
        target,
        "POST",
        target.token_url(),
        fields={"grant_type": "client_credentials", "scope": " ".join(wanted)},
        encode_multipart=False,
        headers=urllib3.make_headers(basic_auth=f"{client_id}:{described['ClientSecret']}"),
    )
    if answer.status != 200:
        raise CliError(f"Cognito gave no token: {answer.status} {answer.data.decode()}")
    return str(answer.json()["access_token"])


def fetch_key(target: Target) -> dict[str, Any]:
    """Get the partner API's key: its `id`, `name` and `value`."""
    # On AWS it takes the permission `apigateway:GET` on the key, which shows its value too.
    key_id = target.stack(project.PARTNER).outputs["ApiKeyId"]
    return dict(target.clients("apigateway").get_api_key(apiKey=key_id, includeValue=True))


def credentials(target: Target, api: str, scopes: list[str]) -> dict[str, str]:
    """Get the header that a client of an API proves itself with, if it has to."""
    if api == "partner":
        return {"x-api-key": str(fetch_key(target)["value"])}
    if api == "tap":
        return {"authorization": f"Bearer {fetch_token(target, scopes)}"}
    return {}


def call(
    target: Target, api: str, method: str, path: str, *, body: bytes | None, proof: dict[str, str]
) -> urllib3.BaseHTTPResponse:
    """Send one request to a deployed API; raises `CliError` if it cannot be reached."""
    headers = {"content-type": "application/json"} if body is not None else {}
    url = f"{target.address(api)}/{path.lstrip('/')}"
    return _request(target, method, url, body=body, headers=headers | proof)


def operation(target: Target, request: dict[str, Any]) -> dict[str, Any]:
    """Run an operation of the items API; returns its `data`, raises `CliError` for a refusal."""
    proof = credentials(target, "tap", [])
    answer = call(target, "tap", "POST", "/api", body=json.dumps(request).encode(), proof=proof)
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if not body.get("success"):
        text = answer.data.decode("utf-8", "replace") or "an empty answer"
        why = _why(body) or text
        raise CliError(f"{request['operation']} was refused ({answer.status}): {why}")
    return dict(body["data"])


def _why(body: dict[str, Any]) -> str:
    """What a refusal says, in one line: its message, and what each wrong field may be."""
    error = body.get("error") or body
    details = error.get("details")
    allowed = [
        f"{each['field']} may be {each['allowed']}"
        for each in (details if isinstance(details, list) else [])
        if each.get("allowed")
    ]
    return "; ".join([error["message"], *allowed]) if error.get("message") else ""


def send_file(target: Target, upload: dict[str, Any], name: str, content: bytes) -> None:
    """Send a file with a presigned POST; raises `CliError` with S3's message if it refuses."""
    fields = {**upload["fields"], "file": (name, content)}
    answer = _request(target, "POST", upload["url"], fields=fields)
    if answer.status not in (200, 201, 204):
        why = re.search(r"<Message>(.*?)</Message>", answer.data.decode("utf-8", "replace"))
        said = why[1] if why else "it said nothing"
        raise CliError(f"S3 refused the file ({answer.status}): {said}; upload it again")


def _request(target: Target, method: str, url: str, **given: Any) -> urllib3.BaseHTTPResponse:
    try:
        return _pool(target, url).request(method, url, **given)
    except urllib3.exceptions.HTTPError as error:
        raise CliError(f"{url} does not answer ({error}); see `tap status`") from error


def _pool(target: Target, url: str) -> urllib3.PoolManager:
    """Connections to an address; a proxy and authorities of the user's hold for AWS alone."""
    given: dict[str, Any] = {"retries": False, "timeout": 60}
    if target.cloud:
        return urllib3.PoolManager(ca_certs=str(target.cloud.authority), **given)
    place = urlsplit(url)
    proxy = None if proxy_bypass(place.netloc) else getproxies().get(place.scheme)
    given["ca_certs"] = os.environ.get("AWS_CA_BUNDLE")
    return urllib3.ProxyManager(proxy, **given) if proxy else urllib3.PoolManager(**given)
