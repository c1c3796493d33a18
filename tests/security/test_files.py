"""Presigned requests for files, turned against what they were given for."""

import base64
import json
import uuid
from collections.abc import Callable

import pytest

from tests.api import Api
from tests.files import CONTENT, Form, presign, send

pytestmark = pytest.mark.usefixtures("keys")  # what a test adds goes again


@pytest.fixture
def form(api: Api) -> Form:
    """The form of an upload of CONTENT."""
    return presign(api)


@pytest.mark.parametrize(
    "key",
    [
        "{}/../../index.html",
        "../{}",
        "uploads/../secrets.txt",
        "uploads/%2e%2e/secrets.txt",
        "{}%00.csv",
        "/{}",
        "{}/",
        "uploads//other.csv",
        "uploads/${{filename}}",
        "{}${{filename}}",
        "",
    ],
)
def test_a_form_stores_under_its_own_key_alone(
    api: Api, form: Form, keys: Callable[[], set[str]], key: str
) -> None:
    before = keys()

    answer = send(api, form, changes={"key": key.format(form["key"])})

    assert answer.status in (400, 403), answer.data
    assert keys() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"acl": "public-read"},
        {"success_action_redirect": "https://evil.example/"},
        {"x-amz-website-redirect-location": "https://evil.example/"},
        {"x-amz-meta-note": "mine"},
        {"x-amz-storage-class": "GLACIER"},
        {"x-amz-tagging": "<Tagging/>"},
        {"Content-Disposition": "inline"},
        {"Content-Type": "text/html"},
        {"policy": "eyJleHBpcmF0aW9uIjoiMjA5OS0wMS0wMVQwMDowMDowMFoiLCJjb25kaXRpb25zIjpbXX0="},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_form_takes_no_field_that_its_policy_does_not_name(
    api: Api, form: Form, keys: Callable[[], set[str]], changes: dict[str, str]
) -> None:
    before = keys()

    answer = send(api, form, changes=changes)

    assert answer.status in (400, 403), answer.data
    assert keys() == before


def test_a_form_takes_no_policy_that_was_changed_after_it_was_signed(
    api: Api, form: Form, keys: Callable[[], set[str]]
) -> None:
    before, policy = keys(), json.loads(base64.b64decode(form["fields"]["policy"]))
    longer = json.dumps(policy | {"expiration": "2099-01-01T00:00:00Z"}).encode()

    answer = send(api, form, changes={"policy": base64.b64encode(longer).decode()})

    assert answer.status == 403, answer.data
    assert keys() == before


def _download(api: Api, form: Form) -> str:
    assert send(api, form).status == 204
    url: str = api.call("presign_download", key=form["key"]).data["download"]["url"]
    assert api.pool.request("GET", url).status == 200
    return url


@pytest.mark.parametrize(
    "override",
    [
        "response-content-type=text/html",
        "response-content-disposition=inline",
        "response-content-encoding=gzip",
        "response-cache-control=public",
        "response-expires=Thu%2C%2001%20Dec%202039%2016%3A00%3A00%20GMT",
        "response-content-language=x",
        "versionId=null",
        "partNumber=1",
        "acl",
        "tagging",
    ],
)
def test_a_download_takes_nothing_that_was_not_signed(api: Api, form: Form, override: str) -> None:
    url = _download(api, form)

    refused = api.pool.request("GET", f"{url}&{override}")

    assert refused.status in (400, 403)
    assert CONTENT not in refused.data


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_a_download_is_for_reading_alone(api: Api, form: Form, method: str) -> None:
    url = _download(api, form)

    assert api.pool.request(method, url, body=b"mine").status in (400, 403, 405)
    assert api.pool.request("GET", url).data == CONTENT


@pytest.mark.parametrize(
    "key", ["../{}", "uploads/{}", "uploads/../{}", "", "uploads/", "/etc/passwd"]
)
def test_the_api_signs_for_no_other_key(api: Api, key: str) -> None:
    answer = api.call("presign_download", key=key.format(uuid.uuid4()))

    assert answer.status in (400, 404)
    assert "url" not in answer.text
