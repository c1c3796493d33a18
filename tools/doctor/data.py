"""Secrets, backups, queues and the database: is what is kept current, and can it be had back?"""

import json
from collections.abc import Iterator
from datetime import timedelta

from cli import project, store
from tools.doctor.site import OK, UNKNOWN, WRONG, Finding, Site


def secrets(site: Site) -> Iterator[Finding]:
    """Look whether each secret was rotated within its schedule."""
    client = site.clients("secretsmanager")
    for arn in site.ids["AWS::SecretsManager::Secret"]:
        told = client.describe_secret(SecretId=arn)
        last = told.get("LastRotatedDate") or told["CreatedDate"]
        days = told.get("RotationRules", {}).get("AutomaticallyAfterDays")
        if arn not in site.ids["AWS::SecretsManager::RotationSchedule"]:
            yield Finding(told["Name"], OK, "no schedule: a deployment replaces it")
        elif not told.get("RotationEnabled"):
            yield Finding(told["Name"], WRONG, "its rotation is off: deploy its stack again")
        elif days and site.now() - last > timedelta(days=days + 1):  # a window is a day long
            mend = f"`aws secretsmanager rotate-secret --secret-id {told['Name']}`"
            yield Finding(told["Name"], WRONG, f"last rotated {last:%Y-%m-%d}, is due: {mend}")
        else:
            yield Finding(told["Name"], OK, f"last rotated {last:%Y-%m-%d}, every {days} days")


def backups(site: Site) -> Iterator[Finding]:
    """Look whether what is lost can be had back: point-in-time recovery, and nightly copies."""
    dynamodb, member = site.clients("dynamodb"), "PointInTimeRecoveryDescription"
    for table in site.ids["AWS::DynamoDB::Table"]:
        told = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        on = told.get(member, {}).get("PointInTimeRecoveryStatus") == "ENABLED"
        off = "point-in-time recovery is off: `aws dynamodb update-continuous-backups`"
        yield Finding(table, OK if on else WRONG, "point-in-time recovery is on" if on else off)
    for name in site.ids["AWS::RDS::DBInstance"]:
        found = site.clients("rds").describe_db_instances(DBInstanceIdentifier=name)
        days = found["DBInstances"][0].get("BackupRetentionPeriod", 0)
        said = f"automated backups are kept for {days} days"
        yield Finding(name, OK if days else WRONG, said if days else "it has no automated backups")
    for vault in site.ids["AWS::Backup::BackupVault"]:
        if site.target.cloud:
            yield Finding(vault, UNKNOWN, "here AWS Backup is recorded and copies nothing")
            continue
        client = site.clients("backup")
        points = client.list_recovery_points_by_backup_vault(BackupVaultName=vault)
        count = len(points["RecoveryPoints"])
        none = "no copy yet: the plan makes one each night at 3:00 UTC"
        yield Finding(
            vault, OK if count else UNKNOWN, f"{count} recovery points" if count else none
        )


def letters(site: Site) -> Iterator[Finding]:
    """Look whether any dead letter waits."""
    sqs = site.clients("sqs")
    counted = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    names = ("RedrivePolicy", "QueueArn", *counted)
    had = [
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[*names])["Attributes"]
        for url in site.ids["AWS::SQS::Queue"]
    ]
    policies_ = (json.loads(each["RedrivePolicy"]) for each in had if each.get("RedrivePolicy"))
    dead = {policy["deadLetterTargetArn"] for policy in policies_}
    for each in had:
        if each["QueueArn"] in dead:
            count = sum(int(each.get(name, 0)) for name in counted)
            name = each["QueueArn"].rpartition(":")[2]
            said = f"{count} dead letters: mend their cause, then `tap redrive`"
            yield Finding(name, WRONG if count else OK, said if count else "no dead letters")


def migrations(site: Site) -> Iterator[Finding]:
    """Look whether the store was opened with the migrations of these sources."""
    cloud = site.target.cloud
    if cloud is None:
        told = "the database says so to its migrations alone: `tap migrate --aws`, safe to repeat"
        yield Finding("migrations", UNKNOWN, told)
        return
    noted = json.loads((cloud.home / "deployed.json").read_text("utf-8"))
    sources = project.fingerprint(store.OPENED_WITH)
    for stack in site.target.stacks:
        if stack.name.startswith(project.STORE):
            same = noted.get(stack.name) == [stack.outputs, sources]
            other = "opened with other sources or settings than these: `tap up`"
            yield Finding(stack.name, OK if same else WRONG, "" if same else other)
