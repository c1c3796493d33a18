"""The generated Python clients speak to what is deployed, as their page shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api import Api
from tests.deployment import Deployment
from tests.partner import PartnerApi

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "clients/python"
[EXAMPLE] = re.findall(r"(?s)```python\n(.*?)```", (ROOT / "docs/clients.md").read_text("utf-8"))


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch, deployment: Deployment) -> None:
    assert (CLIENTS / "tap_items").exists(), "`make clients` generates them"
    monkeypatch.syspath_prepend(CLIENTS)
    if deployment.ca_bundle:
        monkeypatch.setenv("SSL_CERT_FILE", deployment.ca_bundle)


def test_the_example_of_the_page_makes_and_deletes_an_item(
    deployment: Deployment, api: Api
) -> None:
    own = {"TAP_URL": deployment.api_url, "TAP_TOKEN": api.token(), "PYTHONPATH": str(CLIENTS)}

    command = [sys.executable, "-c", EXAMPLE]
    environ = {**os.environ, **own}
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    assert ran.stdout.splitlines() == ["Mug 1", "item_not_found"], ran.stderr


def test_the_partner_apis_client_reads_what_it_made(partner: PartnerApi) -> None:
    from tap_partner import AuthenticatedClient
    from tap_partner.api.default import create_item, delete_item, read_item
    from tap_partner.models import PartnerItemCreate

    proof = {"token": partner.key, "prefix": "", "auth_header_name": "x-api-key"}
    with AuthenticatedClient(partner.url, **proof) as client:
        made = create_item.sync(client=client, body=PartnerItemCreate.from_dict({"name": "Mug"}))
        item = made.data.item

        assert item["name"] == "Mug"
        assert read_item.sync(item.id, client=client).data.item == item
        assert delete_item.sync(item.id, client=client).success is True


@pytest.mark.usefixtures("shelf")
def test_the_stores_client_lists_what_is_sold(deployment: Deployment) -> None:
    from tap_store import Client
    from tap_store.api.default import list_products

    with Client(deployment.store_url) as client:
        sold = list_products.sync(client=client)

    assert "MUG" in {product.sku for product in sold.data.products}
