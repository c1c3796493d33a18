"""Web ACLs of templates: refused where they could not be evaluated, kept as AWS's API tells them.

Changes: A web ACL with a part that the firewall does not evaluate is not deployed. The texts that
    rules search for are kept in base64, which a template may say or leave to the service.
Original: Any web ACL is stored. Its texts are kept as the template says, and a client that reads
    the web ACL fails to decode them.
AWS:
    https://docs.aws.amazon.com/waf/latest/APIReference/API_ByteMatchStatement.html
Checked: ministack 1.5.32, 1.5.33.
"""

import base64
from typing import Any

from ministack.services.cloudformation import provisioners

from localcloud.cloud import Cloud
from localcloud.engine.internals import need
from localcloud.gateway.firewall import Firewall


def install(cloud: Cloud) -> None:
    """Deploy the web ACLs that can be evaluated, with their texts in base64.

    Raises:
        CloudError: The emulator lacks a name that this needs.
    """
    del cloud
    handlers = need(provisioners, "_RESOURCE_HANDLERS")
    handler = handlers["AWS::WAFv2::WebACL"]

    def create(logical_id: str, properties: Any, *rest: Any) -> Any:
        return handler["create"](logical_id, evaluated(properties), *rest)

    def update(physical_id: str, old: Any, new: Any, *rest: Any) -> Any:
        return handler["update"](physical_id, old, evaluated(new), *rest)

    handlers["AWS::WAFv2::WebACL"] = {**handler, "create": create, "update": update}


def evaluated(properties: Any) -> Any:
    """A template's web ACL as the API has it.

    Raises:
        ValueError: A rule says what the firewall does not evaluate.
    """
    found = as_api(properties)
    if found.get("Scope") != "REGIONAL":
        return found  # the CDN asks none, and the ledger says so
    for rule, part in Firewall({"Name": "", **found}).not_evaluated.items():
        raise ValueError(f"the embedded cloud does not evaluate {part}, which rule {rule} needs")
    return found


def as_api(said: Any) -> Any:
    """A part of a template's web ACL as the API has it."""
    if isinstance(said, list):
        return [as_api(each) for each in said]
    if not isinstance(said, dict):
        return said
    found = {name: as_api(value) for name, value in said.items()}
    if "SearchStringBase64" in found:
        found["SearchString"] = found.pop("SearchStringBase64")
    elif isinstance(found.get("SearchString"), str):
        found["SearchString"] = base64.b64encode(found["SearchString"].encode()).decode()
    return found
