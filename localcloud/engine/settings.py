"""Settings of templates that the emulator's CloudFormation drops, applied after all.

Changes: Each is set through the public AWS API as its resource is deployed. The resolved properties
    are kept in the state folder, so that each can be read back.
Original: The deployment is green, and the settings of `localcloud/reapplied.py` are not there.
Fault: the emulator's; CloudFormation's handlers of buckets, tables, functions, topics, APIs and
    stages would pass what `localcloud/reapplied.py` names on to the operations that take it.
"""

import logging
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from ministack.core.concurrency import spawn_background

from localcloud.cloud import Cloud
from localcloud.deployed_settings import DeployedSettings
from localcloud.engine.handlers import Deploy, Deployed, Properties, wrap_deployment, wrap_verbs
from localcloud.reapplied import SETTINGS, Resource, present

_log = logging.getLogger(__name__)


def install(cloud: Cloud) -> None:
    """Follow every deployment of a resource type that has dropped settings."""
    kept = DeployedSettings.of(cloud.home)
    for kind in SETTINGS:
        _follow(cloud, kept, kind)


def _follow(cloud: Cloud, kept: DeployedSettings, kind: str) -> None:
    def deployed(deploy: Deploy, properties: Properties, _name: str) -> Deployed:
        made = deploy(properties)
        resource = Resource(type=kind, id=made[0], properties=properties)
        if present(resource):
            kept.keep(resource)
            # The emulator's CloudFormation runs on its event loop: a call from there to the
            # emulator itself would wait for ever.
            spawn_background(_apply, cloud, resource, thread_name="settings")
        return made

    def delete(original: Any, physical_id: str, *rest: Any) -> None:
        kept.forget(Resource(type=kind, id=physical_id))
        original(physical_id, *rest)

    wrap_deployment(kind, deployed)
    wrap_verbs(kind, delete=delete)


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
