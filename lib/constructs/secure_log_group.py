"""Log group of CloudWatch Logs."""

import json
import tomllib
from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_logs as logs
from constructs import Construct

from lib.constructs.encryption_key import EncryptionKey
from lib.environment import Environment


class SecureLogGroup(logs.LogGroup):
    """A log group that is encrypted and expires.

    Fixed: encrypted with the stack's key, whose policy must name the group
    (`EncryptionKey.allow_log_groups`); named, as what writes to it expects it under one name.
    Defaults: expires as the environment's `log_retention` says; retained where data is kept, else
    deleted with the stack.
    """

    def __init__(self, scope: Construct, construct_id: str, *, log_group_name: str) -> None:
        environment = Environment.of(scope)
        super().__init__(
            scope,
            construct_id,
            log_group_name=log_group_name,
            encryption_key=EncryptionKey.of(scope),
            retention=environment.log_retention,
            removal_policy=environment.removal_policy,
        )


def access_log(scope: Construct, *, name: str) -> tuple[SecureLogGroup, str]:
    """Define the log group of an API's requests, `AccessLog` in its scope; its lines' format, too.

    `name` ends the group's name, and is that of the format in `access_logs.toml`.
    """
    # API Gateway writes a resource policy for every group outside /aws/vendedlogs/, and an account
    # has room for a few only.
    group_name = f"/aws/vendedlogs/{Stack.of(scope).stack_name}-{name}"
    formats = tomllib.loads(Path(__file__).with_name("access_logs.toml").read_text("utf-8"))
    group = SecureLogGroup(scope, "AccessLog", log_group_name=group_name)
    return group, json.dumps(formats[name])
