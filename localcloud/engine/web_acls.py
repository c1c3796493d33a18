"""Text to search for in web ACLs, kept as AWS's API tells it.

A template has the text as it is, the API has it in base64. The emulator keeps what the template
says, and a client that reads the web ACL fails to decode it.
"""

import base64
from typing import Any

from ministack.services.cloudformation import provisioners

from localcloud.cloud import Cloud
from localcloud.engine.internals import need


def install(cloud: Cloud) -> None:
    """Keep the texts of deployed web ACLs in base64.

    Raises:
        CloudError: the emulator is not the version this was written for.
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
