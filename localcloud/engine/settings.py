"""Settings of templates that the emulator's CloudFormation drops, applied after all.

Changes: Each is set through the public AWS API as its resource is deployed, which fails where the
    API refuses it. The resolved properties are kept in the state folder, to be read back.
Original: The deployment is green, and the settings of `localcloud/reapplied.toml` are not there.
Fault: the emulator's; CloudFormation's handlers of buckets, tables, functions, topics, APIs and
    stages would pass what `localcloud/reapplied.toml` names on to the operations that take it.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from localcloud.cloud import Cloud
from localcloud.engine import handlers
from localcloud.reapplied import SETTINGS, DeployedSettings, Resource, present


def install(cloud: Cloud) -> None:
    """Follow every deployment of a resource type that has dropped settings."""
    kept, client = DeployedSettings(cloud.home), cache(cloud.client)
    handlers.let_call(*SETTINGS)
    for kind in SETTINGS:
        handlers.wrap_deployment(kind, partial(_deploy, kept, client, kind))
        handlers.wrap_verbs(kind, delete=partial(_delete, kept, kind))


def _deploy(
    kept: DeployedSettings,
    client: Callable[[str], Any],
    kind: str,
    deploy: handlers.Deploy,
    properties: handlers.Properties,
    _name: str,
) -> handlers.Deployed:
    with handlers.CHANGING:
        made = deploy(properties)
    resource = Resource(type=kind, id=made[0], properties=properties)
    if settings := present(resource):
        kept.keep(resource)
        for setting in settings:
            if not _needs_aws_managed_key(setting.wanted_of(resource)):
                setting.apply(client(setting.service), resource)
    return made


def _delete(kept: DeployedSettings, kind: str, delete: Any, physical_id: str, *rest: Any) -> None:
    kept.forget(Resource(type=kind, id=physical_id))
    with handlers.CHANGING:
        delete(physical_id, *rest)


def _needs_aws_managed_key(wanted: Any) -> bool:
    """Whether a bucket is to use AWS's own key for S3, which is not here, as the CDK's own is."""
    rules = wanted.get("Rules", []) if isinstance(wanted, dict) else []
    defaults = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules]
    return any(d.get("SSEAlgorithm") == "aws:kms" and "KMSMasterKeyID" not in d for d in defaults)
