"""PostgreSQL on RDS: the store's database."""

from typing import Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from lib.acknowledgements import acknowledge, hipaa_nist
from lib.constructs.application_network import DATABASE_PORT, ApplicationNetwork
from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.rotated_secret import RotatedSecret
from lib.constructs.secure_log_group import SecureLogGroup
from lib.environment import Environment

MAX_CONNECTIONS = 200
STORAGE_GIB = 20
_ENGINE = rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_15_17)
_LOGS = ("postgresql", "upgrade")

PARAMETERS = {
    # Nobody speaks to it in clear text, whatever the client prefers.
    "rds.force_ssl": "1",
    # Passwords are kept and checked as salted hashes only; MD5 of old clients is refused.
    "password_encryption": "scram-sha-256",
    "rds.accepted_password_auth_method": "scram",
    # A store answers in milliseconds: what takes half a second is worth a line (milliseconds).
    "log_min_duration_statement": "500",
    # Changes of the schema and of users leave a trace; orders and customers' data do not.
    "log_statement": "ddl",
    # A failed statement is logged without the values it was given.
    "log_parameter_max_length_on_error": "0",
    "log_parameter_max_length": "0",
    # Nor with the detail of its error, which repeats the row that was refused.
    "log_error_verbosity": "terse",
    # Who came when, and for how long: to tell a leak of connections from an intruder.
    "log_connections": "1",
    "log_disconnections": "1",
    # Orders wait for each other's stock; waits beyond a second, and sorts on disk (kB), are told.
    "log_lock_waits": "1",
    "log_temp_files": "10240",
    # A function may be frozen in the middle of an order: give its locks back (milliseconds).
    "idle_in_transaction_session_timeout": "10000",
    # Sandboxes vanish without a word: notice within two minutes (seconds).
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "15",
    "tcp_keepalives_count": "4",
    # One for each sandbox of the functions; the alarm rings at four fifths.
    "max_connections": str(MAX_CONNECTIONS),
}


class StoreDatabase(Construct):
    """A PostgreSQL 15 instance, and the secret of the user that the store connects as.

    Fixed: private, in subnets without a way out, reachable for the application only; TLS only;
    encrypted with the given key; logs kept encrypted; the master's secret made and rotated by RDS,
    the store's by `services/store_secret_rotation`.
    Defaults: where data is kept, a `t4g.small` in two zones with seven days of backups, protected
    from deletion, of which a last snapshot remains. Else a `t4g.micro` in one zone with a day of
    backups, deleted with the stack.
    Permissions: `user.allow_reading`, for the login.

    Attributes:
        instance: The database.
        master_secret: The master's secret; for migrations only.
        user: The store's own user and its secret, which also says where the database is.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        key: EncryptionKey,
        network: ApplicationNetwork,
        instance_type: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        # The name is fixed because RDS derives from it those of the log groups.
        name = f"tap-store-{environment.suffix}"
        kept = environment.keeps_data
        self.instance = rds.DatabaseInstance(
            self,
            "Instance",
            instance_identifier=name,
            engine=_ENGINE,
            instance_type=ec2.InstanceType(instance_type or ("t4g.small" if kept else "t4g.micro")),
            database_name="store",
            port=DATABASE_PORT,
            vpc=network.vpc,
            vpc_subnets=network.database_subnets,
            security_groups=[network.database],
            publicly_accessible=False,
            multi_az=kept,
            credentials=rds.Credentials.from_username("master", encryption_key=key),
            manage_master_user_password=True,
            iam_authentication=True,
            ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
            parameter_group=rds.ParameterGroup(
                self, "Parameters", engine=_ENGINE, parameters=PARAMETERS
            ),
            storage_type=rds.StorageType.GP3,
            allocated_storage=STORAGE_GIB,
            max_allocated_storage=5 * STORAGE_GIB,
            storage_encrypted=True,
            storage_encryption_key=key,
            backup_retention=Duration.days(7 if kept else 1),
            delete_automated_backups=not kept,
            copy_tags_to_snapshot=True,
            auto_minor_version_upgrade=True,
            monitoring_interval=Duration.minutes(1),
            performance_insight_retention=rds.PerformanceInsightRetention.DEFAULT,
            performance_insight_encryption_key=key,
            cloudwatch_logs_exports=list(_LOGS),
            deletion_protection=environment.protects_data,
            # An instance that stayed would hold its network, and the stack could never be deleted.
            removal_policy=RemovalPolicy.SNAPSHOT if kept else RemovalPolicy.DESTROY,
        )
        made_by_rds: Any = self.instance.secret
        self.master_secret: secretsmanager.ISecret = made_by_rds
        self._add_log_groups(f"/aws/rds/instance/{name}", environment, key)
        self.user = RotatedSecret(
            self,
            "User",
            environment=environment,
            description="Login of the store's own user in its database",
            secret_name=f"tap-store-database-{environment.suffix}",
            rotation_name=f"tap-store-secret-rotation-{environment.suffix}",
            username="store",
            key=key,
            service="store_secret_rotation",
            # The migrations make the user; before them there is no password to change.
            at_once=False,
            network=network,
        )
        attachment = self.user.secret.attach(self.instance)
        self.user.schedule.node.add_dependency(attachment)
        self._acknowledge_rules(environment)

    def _add_log_groups(self, prefix: str, environment: Environment, key: EncryptionKey) -> None:
        """Make the groups before RDS does, which would neither encrypt nor expire them."""
        key.allow_log_groups("LogGroupsOfTheDatabase", f"{prefix}/*")
        for name in _LOGS:
            group = SecureLogGroup(
                self,
                f"{name.title()}Logs",
                environment=environment,
                log_group_name=f"{prefix}/{name}",
                key=key,
            )
            self.instance.node.add_dependency(group)

    def _acknowledge_rules(self, environment: Environment) -> None:
        acknowledge(
            self.instance.node.find_child("MonitoringRole"),
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
            "AmazonRDSEnhancedMonitoringRole]",
            reason="The role of RDS's monitoring itself: its policy follows what the service "
            "needs.",
        )
        if not environment.keeps_data:
            acknowledge(
                self.instance,
                "AwsSolutions-RDS10",
                *hipaa_nist("RDSInstanceDeletionProtectionEnabled"),
                reason="This environment throws its data away with the stack.",
            )
            acknowledge(
                self.instance,
                "AwsSolutions-RDS3",
                *hipaa_nist("RDSMultiAZSupport"),
                "CKV_AWS_157",
                reason="A second zone doubles the price of an environment that may be down and "
                "loses its data anyway.",
            )
