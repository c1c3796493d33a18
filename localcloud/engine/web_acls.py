"""Texts that web ACLs search for, as AWS's API tells them.

Changes: A deployed web ACL keeps them in base64, which a template may say or leave to the service.
Original: They are kept as the template says, and a client that reads the web ACL fails to decode.
Fault: the emulator's; CloudFormation's handler of `AWS::WAFv2::WebACL` would encode `SearchString`
    in base64, and take `SearchStringBase64` as it is.
AWS:
    https://docs.aws.amazon.com/waf/latest/APIReference/API_ByteMatchStatement.html
Checked: ministack 1.5.32, 1.5.33.
"""

import base64
from typing import Any

from ministack.services.cloudformation import provisioners

from localcloud.cloud import Cloud
from localcloud.engine.internals import need


def install(cloud: Cloud) -> None:
    """Keep the texts of deployed web ACLs in base64.

    Raises:
        CloudError: The emulator lacks a name that this needs.
    """
    del cloud
    handlers = need(provisioners, "_RESOURCE_HANDLERS")
    handler = handlers["AWS::WAFv2::WebACL"]

    def create(logical_id: str, properties: Any, *rest: Any) -> Any:
        return handler["create"](logical_id, as_api(properties), *rest)

    def update(physical_id: str, old: Any, new: Any, *rest: Any) -> Any:
        return handler["update"](physical_id, old, as_api(new), *rest)

    handlers["AWS::WAFv2::WebACL"] = {**handler, "create": create, "update": update}


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
