"""The store's migrations and page, as the commands start them."""

import io
import json

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

    def put_object(self, **_):
        """The bucket."""

    def get_paginator(self, _):
        """The bucket's listing."""
        return self

    def paginate(self, **_):
        """An empty bucket."""
        return [{}]


def test_each_publish_refreshes_the_cdn_also_of_a_page_that_was_published_before():
    service = Service()

    store.publish(service, OUTPUTS)
    store.publish(service, OUTPUTS)

    assert len(set(service.asked)) == 2


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
