"""Settings of templates that the emulator's CloudFormation drops, applied after all.

Changes: Each is set through the public AWS API as its resource is deployed. The resolved properties
    are kept in the state folder, so that each can be read back.
Original: The deployment is green, and the settings of `localcloud/reapplied.py` are not there.
Fault: the emulator's; CloudFormation's handlers of buckets, tables, functions, topics, APIs and
    stages would pass what `localcloud/reapplied.py` names on to the operations that take it.
Checked: ministack 1.5.32, 1.5.33.
"""

import logging
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from ministack.core.concurrency import spawn_background
from ministack.services.cloudformation import provisioners

from localcloud.cloud import Cloud
from localcloud.deployed_settings import DeployedSettings
from localcloud.engine.internals import need
from localcloud.reapplied import SETTINGS, Resource, present

_log = logging.getLogger(__name__)


def install(cloud: Cloud) -> None:
    """Follow every deployment of a resource type that has dropped settings."""
    handlers = need(provisioners, "_RESOURCE_HANDLERS")
    kept = DeployedSettings.of(cloud.home)
    for resource_type in SETTINGS:
        handlers[resource_type] = _followed(cloud, kept, resource_type, handlers[resource_type])


def _followed(
    cloud: Cloud, kept: DeployedSettings, resource_type: str, handler: dict[str, Any]
) -> dict[str, Any]:
    def deployed(physical_id: str, properties: dict[str, Any]) -> None:
        resource = Resource(type=resource_type, id=physical_id, properties=properties)
        if present(resource):
            kept.keep(resource)
            # The emulator's CloudFormation runs on its event loop: a call from there to the
            # emulator itself would wait for ever.
            spawn_background(_apply, cloud, resource, thread_name="settings")

    def create(logical_id: str, properties: dict[str, Any], *rest: Any) -> Any:
        answer = handler["create"](logical_id, properties, *rest)
        deployed(answer[0], properties)
        return answer

    def update(physical_id: str, old: Any, new: dict[str, Any], *rest: Any) -> Any:
        answer = handler["update"](physical_id, old, new, *rest)
        deployed(answer[0], new)
        return answer

    def delete(physical_id: str, properties: dict[str, Any], *rest: Any) -> Any:
        kept.forget(Resource(type=resource_type, id=physical_id))
        return handler["delete"](physical_id, properties, *rest)

    followed: dict[str, Callable[..., Any]] = {"create": create, "update": update, "delete": delete}
    return {**handler, **{verb: call for verb, call in followed.items() if verb in handler}}


def _apply(cloud: Cloud, resource: Resource) -> None:
    for setting in present(resource):
        if _needs_aws_managed_key(setting.wanted(resource.properties[setting.property])):
            _log.warning("%s of %s needs AWS's own key", setting.property, resource.id)
            continue
        try:
            setting.apply(cloud.client(setting.service), resource)
        except (ClientError, BotoCoreError) as error:
            _log.error("%s of %s was not applied: %s", setting.property, resource.id, error)


def _needs_aws_managed_key(wanted: Any) -> bool:
    """Whether a bucket is to use AWS's own key for S3, which the emulator does not have.

    The CDK's bootstrap bucket does; every upload to it would fail.
    """
    return isinstance(wanted, dict) and any(
        rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
        and "KMSMasterKeyID" not in rule["ApplyServerSideEncryptionByDefault"]
        for rule in wanted.get("Rules", [])
        if "ApplyServerSideEncryptionByDefault" in rule
    )
