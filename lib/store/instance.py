"""RDS instance of the store's database."""

import tomllib
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from constructs import Construct

from lib.acknowledgements import excuse
from lib.constructs.application_network import DATABASE_PORT, ApplicationNetwork
from lib.constructs.encryption_key import EncryptionKey
from lib.environment import Environment

LOGS = ("postgresql", "upgrade")
STORAGE_GIB = 20
_ENGINE = rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_15_17)

PARAMETERS: dict[str, str] = tomllib.loads(
    Path(__file__).with_name("parameters.toml").read_text("utf-8")
)
MAX_CONNECTIONS = int(PARAMETERS["max_connections"])


class StoreInstance(rds.DatabaseInstance):
    """A PostgreSQL 15 instance.

    Fixed: private, in subnets without a way out, reachable for the application only; TLS only;
    encrypted with the stack's key; the master's secret made and rotated by RDS.
    Defaults: size, zones and backups as the environment's `Scale` says; protected from deletion
    where data is kept, and a last snapshot remains; else deleted with the stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        network: ApplicationNetwork,
        instance_type: str | None,
    ) -> None:
        environment, key = Environment.of(scope), EncryptionKey.of(scope)
        scale, kept = environment.scale, environment.keeps_data
        settings = rds.ParameterGroup(scope, "Parameters", engine=_ENGINE, parameters=PARAMETERS)
        super().__init__(
            scope,
            construct_id,
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
            allocated_storage=STORAGE_GIB,
            max_allocated_storage=5 * STORAGE_GIB,
            storage_encrypted=True,
            storage_encryption_key=key,
            auto_minor_version_upgrade=True,
            monitoring_interval=Duration.minutes(1),
            performance_insight_retention=rds.PerformanceInsightRetention.DEFAULT,
            performance_insight_encryption_key=key,
            cloudwatch_logs_exports=list(LOGS),
            deletion_protection=environment.protects_data,
            instance_type=ec2.InstanceType(instance_type or scale.database_instance),
            multi_az=scale.standby,
            backup_retention=Duration.days(scale.backup_days),
            delete_automated_backups=not kept,
            copy_tags_to_snapshot=True,
            # One that stayed would hold its network, and the stack could never be deleted.
            removal_policy=RemovalPolicy.SNAPSHOT if kept else RemovalPolicy.DESTROY,
        )
        excuse(self.node.find_child("MonitoringRole"), "database-monitoring")
        if not kept:
            excuse(self, "database-thrown-away")
