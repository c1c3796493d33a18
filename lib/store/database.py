"""PostgreSQL on RDS: the store's database."""

from typing import Any

from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from lib.constructs.application_network import ApplicationNetwork
from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.rotated_secret import RotatedSecret
from lib.constructs.secure_log_group import SecureLogGroup
from lib.environment import Environment
from lib.store.instance import LOGS, StoreInstance


class StoreDatabase(Construct):
    """A `StoreInstance`, its logs, and the secret of the user that the store connects as.

    Fixed: logs kept encrypted; the user's secret rotated by `services/store_secret_rotation`.
    Defaults: sized as `StoreInstance` says, unless `instance_type` is given.
    Permissions: `user.allow_reading`, for the login; `master_secret` is for migrations only.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        network: ApplicationNetwork,
        instance_type: str | None,
    ) -> None:
        super().__init__(scope, construct_id)
        environment = Environment.of(self)
        self.instance = StoreInstance(
            self, "Instance", network=network, instance_type=instance_type
        )
        made_by_rds: Any = self.instance.secret
        self.master_secret: secretsmanager.ISecret = made_by_rds
        # RDS derives their names from the instance's, which is fixed for it.
        self._add_log_groups(f"/aws/rds/instance/{environment.named('store')}")
        self.user = RotatedSecret(
            self,
            "User",
            description="Login of the store's own user in its database",
            secret_name=environment.named("store-database"),
            rotation_name="store-secret-rotation",
            username="store",
            service="store_secret_rotation",
            # The migrations make the user; before them there is no password to change.
            at_once=False,
            network=network,
        )
        self.user.schedule.node.add_dependency(self.user.secret.attach(self.instance))

    def _add_log_groups(self, prefix: str) -> None:
        """Make the groups before RDS does, which would neither encrypt nor expire them."""
        EncryptionKey.of(self).allow_log_groups("LogGroupsOfTheDatabase", f"{prefix}/*")
        for name in LOGS:
            group = SecureLogGroup(self, f"{name.title()}Logs", log_group_name=f"{prefix}/{name}")
            self.instance.node.add_dependency(group)
