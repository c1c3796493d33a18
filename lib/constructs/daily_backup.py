"""AWS Backup plan."""

from aws_cdk import Duration
from aws_cdk import aws_backup as backup
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_rds as rds
from constructs import Construct

from lib.acknowledgements import excuse
from lib.constructs.encryption_key import EncryptionKey
from lib.environment import Environment


class DailyBackup(Construct):
    """A backup of a table or database every night at 03:00 UTC, kept for 35 days.

    Fixed: the vault is encrypted with the stack's key and outlives the stack.
    Defaults: where data is thrown away, nothing is made.

    `failures` counts the jobs that AWS Backup did not start or finish; None when nothing is made.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, of: dynamodb.Table | rds.DatabaseInstance
    ) -> None:
        super().__init__(scope, construct_id)
        environment = Environment.of(self)
        self.failures: cloudwatch.Metric | None = None
        if isinstance(of, rds.DatabaseInstance):
            kind = "Database"
            resource = backup.BackupResource.from_rds_database_instance(of)
        else:
            kind = "Table"
            resource = backup.BackupResource.from_dynamo_db_table(of)
        if not environment.keeps_data:
            excuse(of, f"{kind.lower()}-without-backup")
            return
        vault = backup.BackupVault(
            self,
            "Vault",
            encryption_key=EncryptionKey.of(self),
            removal_policy=environment.removal_policy,
        )
        plan = backup.BackupPlan(self, "Plan", backup_vault=vault)
        plan.add_rule(
            backup.BackupPlanRule(
                schedule_expression=events.Schedule.cron(hour="3", minute="0"),
                delete_after=Duration.days(35),
            )
        )
        # https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html
        self.failures = cloudwatch.Metric(
            namespace="AWS/Backup",
            metric_name="NumberOfBackupJobsFailed",
            dimensions_map={"BackupVaultName": vault.backup_vault_name},
            statistic="Sum",
        )
        excuse(plan.add_selection(kind, resources=[resource]), "backup-role")
