"""The store's migrations and page, as the commands start them."""

import io
import json
import re

import pytest
from botocore.exceptions import ReadTimeoutError

from cli import store
from cli.errors import CliError
from localcloud.cloud import Cloud

OUTPUTS = {
    "MigrationFunctionName": "migrations",
    "AssetsBucketName": "assets",
    "DistributionId": "E1",
}


class Service:
    """Every service at once: it notes what it is asked."""

    def __init__(self, failure=None):
        self.failure = failure
        self.asked = []
        self.put, self.stored = {}, {}
        self.configured = {}

    def __call__(self, service, **config):
        """A client, as `Account.client` and `Cloud.client` make it."""
        self.configured[service] = config
        return self

    def invoke(self, **request):
        """The migration function."""
        self.asked.append(request)
        if self.failure:
            raise self.failure
        return {"Payload": io.BytesIO(json.dumps({"applied": []}).encode())}

    def create_invalidation(self, **request):
        """The CDN."""
        self.asked.append(request["InvalidationBatch"]["CallerReference"])

    def put_object(self, **request):
        """The bucket."""
        self.put[request.pop("Key")] = request
        self.stored |= dict.fromkeys(self.put)

    def delete_object(self, **request):
        """The bucket."""
        del self.stored[request["Key"]]

    def get_paginator(self, _):
        """The bucket's listing."""
        return self

    def paginate(self, **_):
        """What the bucket has."""
        return [{"Contents": [{"Key": key} for key in self.stored]}]


def test_each_publish_refreshes_the_cdn_also_of_a_page_that_was_published_before():
    service = Service()

    store.publish(service, OUTPUTS)
    store.publish(service, OUTPUTS)

    assert len(set(service.asked)) == 2


def folder_of(files):
    """The folder of a page's scripts and styles."""
    [found] = {key.partition("/")[0] for key in files if key.startswith("page-")}
    return found


def test_what_a_page_names_is_there_before_the_page():
    service = Service()

    store.publish(service, OUTPUTS)

    there: set[str] = set()
    for key, put in service.put.items():
        if key.endswith(".html"):
            named = set(re.findall(r'(?:href|src)="/?([^"#:]+\.[a-z]+)"', put["Body"].decode()))
            assert named <= there
        there.add(key)
    assert {"index.html", "404.html"} < there


def test_scripts_and_styles_are_kept_for_good_and_pages_asked_for_each_time():
    service = Service()

    store.publish(service, OUTPUTS)

    for key, put in service.put.items():
        for_good = key.endswith((".js", ".css"))
        assert for_good == key.startswith("page-")
        wanted = "public, max-age=31536000, immutable" if for_good else "no-cache"
        assert put["CacheControl"] == wanted
    text = service.put["index.html"]["Body"].decode()
    assert not re.search(r'"/?[a-z]+\.(js|css)"', text)


def test_another_script_or_style_has_another_name(monkeypatch, tmp_path):
    monkeypatch.setattr(store, "_PAGE", tmp_path)
    (tmp_path / "index.html").write_text('<script src="a.js">')
    folders = set()
    for text in ("one", "two", "one"):
        (tmp_path / "a.js").write_text(text)
        files = store.page_files()
        folders.add(folder_of(files))
        assert files["index.html"].decode() == f'<script src="/{folder_of(files)}/a.js">'

    assert len(folders) == 2


def test_what_earlier_pages_name_stays_and_the_rest_goes():
    service = Service()
    service.stored = dict.fromkeys(("page-1/a.js", "a.js", "images/gone.svg"))

    store.publish(service, OUTPUTS)

    assert service.stored.keys() - service.put.keys() == {"page-1/a.js"}


def test_a_migration_may_take_as_long_as_its_function_and_is_never_tried_again():
    service = Service()

    store.migrate(service, OUTPUTS, seed=False)

    assert service.configured["lambda"]["read_timeout"] > 300
    assert service.configured["lambda"]["retries"] == {"total_max_attempts": 1}


def test_a_client_takes_the_retries_it_is_given_before_its_own(tmp_path):
    cloud = Cloud(home=tmp_path, port=1, front_port=2)
    cloud.save()

    client = cloud.client("lambda", retries={"total_max_attempts": 1}, read_timeout=330)

    assert client.meta.config.retries["total_max_attempts"] == 1
    assert client.meta.config.read_timeout == 330


def test_an_answer_of_the_migrations_that_is_lost_is_told_as_such():
    service = Service(ReadTimeoutError(endpoint_url="https://lambda.example"))

    with pytest.raises(CliError, match="they may still run: look at `tap logs migrations`"):
        store.migrate(service, OUTPUTS, seed=False)

    assert len(service.asked) == 1
