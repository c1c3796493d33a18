"""Routes of the partner API."""

import json
from pathlib import Path

from lib.constructs.keyed_rest_api import KeyedRestApi
from lib.constructs.service_function import ServiceFunction

# Generated from docs/api/partner.openapi.json by `make generate`.
SCHEMAS = json.loads(Path(__file__).with_name("request_schemas.json").read_text("utf-8"))


def add_routes(api: KeyedRestApi, to: ServiceFunction) -> None:
    """Route every operation of the API's description to its function."""
    api.route("GET", "/", to)
    api.route("GET", "/health", to)
    page = [f"querystring.{name}" for name in ("cursor", "limit", "segment")]
    api.route("GET", "/items", to, parameters=page)
    api.route("POST", "/items", to, body="PartnerItemCreate")
    api.route("GET", "/items/{id}", to)
    condition = ["header.If-Match"]
    api.route("PUT", "/items/{id}", to, body="PartnerItemReplace", parameters=condition)
    api.route("DELETE", "/items/{id}", to)
