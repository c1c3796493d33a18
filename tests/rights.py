"""What a job of GitHub Actions may do (`lib/delivery/rights.toml`), held against the suites.

On AWS the suites run in a job of the environment `staging`: what they call AWS for must be listed.
A test that calls something new is told here, before it is refused there.
"""

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore import client

_FILE = Path(__file__).parent.parent / "lib/delivery/rights.toml"
# Operations whose permission has another name, as the Service Authorization Reference has it.
_PERMISSIONS = {
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListObjectsV2": "s3:ListBucket",
}
_VERBS = {"Create": "POST", "Delete": "DELETE", "Get": "GET", "Update": "PATCH"}


@cache
def listed() -> frozenset[str]:
    """The permissions of a job in `staging`."""
    rights = tomllib.loads(_FILE.read_text("utf-8"))
    kinds = (*rights["deliver"], *rights["suites"])
    return frozenset(permission for right in kinds for permission in right["may"])


def permission(service: str, operation: str) -> str:
    """The permission that an operation needs."""
    if service in ("apigateway", "apigatewayv2"):
        return f"apigateway:{next(v for k, v in _VERBS.items() if operation.startswith(k))}"
    name = f"{service}:{operation}"
    return _PERMISSIONS.get(name, name)


@contextmanager
def held() -> Iterator[set[str]]:
    """What is called for inside without a right to it."""
    lacking: set[str] = set()
    base: Any = client.BaseClient
    call = base._make_api_call

    def noted(self: Any, operation: str, request: Any) -> Any:
        if (needed := permission(self.meta.service_model.service_name, operation)) not in listed():
            lacking.add(needed)
        return call(self, operation, request)

    base._make_api_call = noted
    try:
        yield lacking
    finally:
        base._make_api_call = call


@pytest.fixture(autouse=True)
def within_the_rights_of_a_pipeline(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that runs on AWS, too, calls AWS for what `lib/delivery/rights.toml` lists alone."""
    with held() as lacking:
        yield
    on_aws = request.node.get_closest_marker("embedded") is None
    assert not (on_aws and lacking), f"a pipeline may not: {sorted(lacking)}"
