"""PostgreSQL on RDS: the store's database."""

import tomllib
from pathlib import Path
from typing import Any

from aws_cdk import Duration, RemovalPolicy, Size
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from lib.acknowledgements import excuse
from lib.constructs.application_network import DATABASE_PORT, ApplicationNetwork
from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.rotated_secret import RotatedSecret
from lib.constructs.secure_log_group import SecureLogGroup
from lib.constructs.service_alarms import ServiceAlarms
from lib.environment import Environment

PARAMETERS: dict[str, str] = tomllib.loads(
    Path(__file__).with_name("parameters.toml").read_text("utf-8")
)
_LOGS = ("postgresql", "upgrade")
_STORAGE_GIB = 20
_ENGINE = rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_15_17)


class StoreDatabase(Construct):
    """A PostgreSQL 15 instance, its logs, and the secret of the user that the store connects as.

    Fixed: private, in subnets without a way out, reachable for the application only; TLS only;
    encrypted with the stack's key, its logs too; the master's secret made and rotated by RDS, the
    user's by `services/store_secret_rotation`.
    Defaults: size (unless `instance_type` is given), zones and backups as the environment's `Scale`
    says; protected from deletion where data is kept, and a last snapshot remains; else deleted with
    the stack.
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
        self.instance = self._add_instance(network, instance_type)
        excuse(self.instance.node.find_child("MonitoringRole"), "database-monitoring")
        if not environment.keeps_data:
            excuse(self.instance, "database-thrown-away")
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

    def _add_instance(
        self, network: ApplicationNetwork, instance_type: str | None
    ) -> rds.DatabaseInstance:
        environment, key = Environment.of(self), EncryptionKey.of(self)
        scale, kept = environment.scale, environment.keeps_data
        settings = rds.ParameterGroup(self, "Parameters", engine=_ENGINE, parameters=PARAMETERS)
        return rds.DatabaseInstance(
            self,
            "Instance",
            instance_identifier=environment.named("store"),
            engine=_ENGINE,
            database_name="store",
            port=DATABASE_PORT,
            vpc=network.vpc,
            vpc_subnets=network.database_subnets,
            security_groups=[network.database],
            publicly_accessible=False,
            credentials=rds.Credentials.from_username("master", encryption_key=key),
            manage_master_user_password=True,
            iam_authentication=True,
            ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
            parameter_group=settings,
            storage_type=rds.StorageType.GP3,
            allocated_storage=_STORAGE_GIB,
            max_allocated_storage=5 * _STORAGE_GIB,
            storage_encrypted=True,
            storage_encryption_key=key,
            auto_minor_version_upgrade=True,
            monitoring_interval=Duration.minutes(1),
            performance_insight_retention=rds.PerformanceInsightRetention.DEFAULT,
            performance_insight_encryption_key=key,
            cloudwatch_logs_exports=list(_LOGS),
            deletion_protection=environment.protects_data,
            instance_type=ec2.InstanceType(instance_type or scale.database_instance),
            multi_az=scale.standby,
            backup_retention=Duration.days(scale.backup_days),
            delete_automated_backups=not kept,
            copy_tags_to_snapshot=True,
            # One that stayed would hold its network, and the stack could never be deleted.
            removal_policy=RemovalPolicy.SNAPSHOT if kept else RemovalPolicy.DESTROY,
        )

    def _add_log_groups(self, prefix: str) -> None:
        """Make the groups before RDS does, which would neither encrypt nor expire them."""
        EncryptionKey.of(self).allow_log_groups("LogGroupsOfTheDatabase", f"{prefix}/*")
        for name in _LOGS:
            group = SecureLogGroup(self, f"{name.title()}Logs", log_group_name=f"{prefix}/{name}")
            self.instance.node.add_dependency(group)

    def watch(self, alarms: ServiceAlarms) -> None:
        """Watch the instance; a standby has no replica lag: it is written to at the same time.

        Three times five minutes of a busy processor, a fifth of the storage left (storage grows by
        itself: an alarm means it no longer can), four fifths of the connections taken, less than
        100 MB of memory, processor credits of a burstable class that cost extra (it goes on at full
        speed, and is charged).
        """
        instance, period = self.instance, Duration.minutes(5)
        alarms.watch("DatabaseCpu", instance.metric_cpu_utilization(period=period), 80, periods=3)
        left = instance.metric_free_storage_space(period=period, statistic="Minimum")
        a_fifth = Size.gibibytes(_STORAGE_GIB).to_bytes() / 5
        alarms.watch("DatabaseStorage", left, a_fifth, below=True)
        connections = instance.metric_database_connections(period=period, statistic="Maximum")
        most = int(PARAMETERS["max_connections"])
        alarms.watch("DatabaseConnections", connections, most * 0.8)
        memory = instance.metric_freeable_memory(period=period, statistic="Minimum")
        alarms.watch("DatabaseMemory", memory, 100_000_000, below=True, periods=3)
        credits_ = instance.metric("CPUSurplusCreditsCharged", period=period, statistic="Maximum")
        alarms.watch("DatabaseCredits", credits_, 1)
