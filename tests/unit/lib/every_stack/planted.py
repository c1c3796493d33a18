"""A fourth stack, in which everything that can be wrong is: written without our constructs."""

from pathlib import Path

from aws_cdk import App, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_backup as backup
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_efs as efs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_wafv2 as wafv2

from tests.unit.synthesized import SynthesizedStack

# For each claim, the constructs that it must name.
BREAKS = {
    "every_alarm_names_the_section_of_the_runbook_that_says_what_to_do": [
        "Alarm",
        "OnAlarms",
        "Own",
    ],
    "every_alarm_reaches_a_topic_that_admits_cloudwatch_and_so_does_its_key": [
        "Alarm",
        "OnAlarms",
        "Own",
    ],
    "every_metric_of_our_own_with_an_alarm_is_emitted_as_the_alarm_looks_for_it": ["Own"],
    "no_alarm_listens_to_the_metrics_of_another_environment": ["Own"],
    "cloudwatch_may_use_the_key_of_each_log_group_for_it_and_for_no_other_applications": ["Logs"],
    "every_api_has_alarms_for_server_errors_and_slowness": ["Http", "Rest"],
    "every_backup_vault_has_an_alarm_for_failed_jobs": ["Vault"],
    "every_bucket_is_encrypted_with_a_key_of_the_stack_or_says_why_not": ["Bucket"],
    "every_bucket_is_private": ["Bucket"],
    "every_bucket_is_versioned_and_drops_what_is_old_or_unfinished": ["Bucket"],
    "every_bucket_logs_to_another_or_says_why_not": ["Bucket"],
    "every_bucket_queue_and_topic_takes_tls_alone": ["Bucket", "Queue", "Topic"],
    "every_cdn_speaks_https_alone": ["Cdn"],
    "every_dashboard_shows_every_alarm": ["Dashboard"],
    "every_database_is_private_and_rds_keeps_its_masters_password": ["Database"],
    "every_function_counts_under_its_own_name": ["Function", "Twin"],
    "every_function_has_a_log_group_of_its_own": ["Function", "Twin"],
    "every_function_has_a_role_of_its_own_that_only_lambda_takes": ["Function", "Twin"],
    "every_function_has_a_time_limit_of_its_own": ["Function", "Twin"],
    "every_function_has_alarms_for_errors_throttled_calls_and_slowness": ["Function", "Twin"],
    "every_function_is_told_every_setting_that_its_service_reads": ["Function", "Twin"],
    "every_function_may_do_what_its_service_declares_and_nothing_else": ["Function", "Twin"],
    "every_function_runs_a_service_of_ours": ["Function"],
    "every_function_runs_the_python_that_built_it_is_traced_and_logs_json": ["Function", "Twin"],
    "every_function_that_runs_once_in_a_while_raises_an_alarm_at_its_first_fault": ["Twin"],
    "every_function_uses_the_key_through_the_services_it_calls_alone": ["Function", "Twin"],
    "every_key_is_rotated": ["Key"],
    "every_log_group_expires": ["Logs"],
    "every_network_is_watched_and_has_a_closed_default_group": ["Network"],
    "every_permission_names_its_actions": ["Policy"],
    "every_permission_names_its_resources_or_says_why_not": ["Policy"],
    "every_queue_has_dead_letters_or_is_where_another_sends_them": ["Queue"],
    "every_role_has_policies_of_ours_or_says_why_not": ["Role"],
    "every_route_asks_who_comes_or_says_why_not": ["Address", "Method", "Route"],
    "every_secret_is_generated_and_rotated_or_says_why_not": ["Secret"],
    "every_stage_is_throttled_and_logs_who_came": ["HttpStage", "RestStage"],
    "every_table_has_alarms_for_throttled_reads_and_writes": ["Table"],
    "every_table_can_be_restored_to_any_second": ["Table"],
    "every_token_of_an_issuer_is_compared_letter_by_letter_with_one_audience_and_one_subject": [
        "AnyAudience",
        "AnyBranch",
        "AnyOf",
        "AnyRepository",
    ],
    "every_role_for_an_issuers_tokens_has_a_boundary_and_nothing_inline": [
        "AnyAudience",
        "AnyBranch",
        "AnyOf",
        "AnyRepository",
    ],
    "every_type_of_resource_is_one_that_was_thought_of": ["Files"],
    "every_web_acl_logs_what_it_saw_without_credentials": ["Firewall"],
    "everything_at_rest_is_encrypted_with_a_key_of_the_stack": [
        "Database",
        "Function",
        "Logs",
        "Queue",
        "Secret",
        "Table",
        "Topic",
        "Twin",
        "Vault",
    ],
    "no_function_has_a_secret_in_its_variables": ["Twin"],
    "no_function_leaves_dead_letters_where_nobody_looks": ["Function"],
    "no_policy_lets_everyone_in": ["BucketPolicy", "Permission", "Role"],
    "no_security_group_lets_everyone_in": ["Door", "Group"],
    "no_subnet_gives_public_addresses": ["Subnet"],
    "nobody_signs_up_at_an_issuer_of_tokens": ["Users"],
}


def planted(folder: Path) -> SynthesizedStack:
    """The fourth stack, synthesized."""
    app = App(outdir=str(folder), builtin_cloud_formation_validation=False)
    stack = Stack(app, "Planteddev")
    _plant_data(stack)
    _plant_functions(stack)
    _plant_trusts(stack)
    _plant_doors(stack)
    app.synth()
    return SynthesizedStack(folder, "dev", "Planted")


def _plant_data(stack: Stack) -> None:
    kms.CfnKey(stack, "Key", key_policy={"Statement": []})
    bucket = s3.CfnBucket(stack, "Bucket")
    s3.CfnBucketPolicy(
        stack,
        "BucketPolicy",
        bucket=bucket.ref,
        policy_document={
            "Statement": [
                {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
            ]
        },
    )
    sqs.CfnQueue(stack, "Queue")
    sns.CfnTopic(stack, "Topic")
    dynamodb.CfnTable(
        stack,
        "Table",
        key_schema=[{"attributeName": "id", "keyType": "HASH"}],
        attribute_definitions=[{"attributeName": "id", "attributeType": "S"}],
    )
    secretsmanager.CfnSecret(stack, "Secret", secret_string="known to everyone")
    rds.CfnDBInstance(stack, "Database", publicly_accessible=True)
    logs.CfnLogGroup(stack, "Logs")
    efs.CfnFileSystem(stack, "Files")
    backup.CfnBackupVault(stack, "Vault", backup_vault_name="vault")


def _plant_functions(stack: Stack) -> None:
    role = iam.CfnRole(
        stack,
        "Role",
        assume_role_policy_document={
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
            ]
        },
        managed_policy_arns=["arn:aws:iam::aws:policy/AdministratorAccess"],
    )
    document = {
        "Statement": [
            {"Effect": "Allow", "Action": "kms:*", "Resource": "*"},
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::theirs/*"},
        ]
    }
    policy = iam.CfnManagedPolicy(stack, "Policy", policy_document=document)
    role.managed_policy_arns = [*(role.managed_policy_arns or []), policy.ref]
    function = lambda_.CfnFunction(
        stack,
        "Function",
        role=role.attr_arn,
        code={"zipFile": "pass"},
        handler="index.handler",
        dead_letter_config={"targetArn": "arn:aws:sqs:eu-west-1:111122223333:nobody-looks"},
    )
    twin = lambda_.CfnFunction(
        stack,
        "Twin",
        role=role.attr_arn,
        code={"zipFile": "pass"},
        handler="services.items_api.handler.lambda_handler",
        environment={"variables": {"ITEMS_TABLE_NAME": "{{resolve:secretsmanager:theirs}}"}},
    )
    cloudwatch.CfnAlarm(
        stack,
        "Alarm",
        namespace="AWS/Lambda",
        metric_name="Errors",
        dimensions=[{"name": "FunctionName", "value": twin.ref}],
        comparison_operator="GreaterThanOrEqualToThreshold",
        evaluation_periods=3,
        threshold=100,
    )
    cloudwatch.CfnAlarm(
        stack,
        "Own",
        namespace="TAP",
        metric_name="AuditUndelivered",
        dimensions=[{"name": "service", "value": "tap-partner-api-prod"}],
        comparison_operator="GreaterThanOrEqualToThreshold",
        evaluation_periods=1,
        threshold=1,
        alarm_actions=["arn:aws:sns:eu-west-1:111122223333:nobody-listens"],
    )
    cloudwatch.CfnCompositeAlarm(stack, "OnAlarms", alarm_rule="TRUE")
    cloudwatch.CfnDashboard(stack, "Dashboard", dashboard_body="{}")
    lambda_.CfnPermission(
        stack,
        "Permission",
        principal="*",
        action="lambda:InvokeFunction",
        function_name=function.ref,
    )
    lambda_.CfnUrl(stack, "Address", auth_type="NONE", target_function_arn=function.attr_arn)


def _plant_trusts(stack: Stack) -> None:
    issuer = "token.actions.githubusercontent.com"
    mine, anybody = "repo:octocat/tap:ref:refs/heads/main", "repo:octocat/tap:*"
    to_aws = {f"{issuer}:aud": "sts.amazonaws.com"}
    for name, condition in {
        "AnyAudience": {"StringEquals": {f"{issuer}:sub": mine}},
        "AnyBranch": {"StringEquals": to_aws, "StringLike": {f"{issuer}:sub": anybody}},
        "AnyOf": {"StringEquals": {**to_aws, f"{issuer}:sub": [mine, anybody]}},
        "AnyRepository": {"StringEquals": to_aws},
    }.items():
        provider = f"arn:aws:iam::111122223333:oidc-provider/{issuer}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": condition,
        }
        iam.CfnRole(stack, name, assume_role_policy_document={"Statement": [statement]})


def _plant_doors(stack: Stack) -> None:
    network = ec2.CfnVPC(stack, "Network", cidr_block="10.0.0.0/16")
    ec2.CfnSubnet(
        stack,
        "Subnet",
        vpc_id=network.ref,
        cidr_block="10.0.0.0/24",
        map_public_ip_on_launch=True,
    )
    everyone = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22}
    group = ec2.CfnSecurityGroup(
        stack,
        "Group",
        group_description="open",
        vpc_id=network.ref,
        security_group_ingress=[{**everyone, "cidrIp": "0.0.0.0/0"}],
    )
    ec2.CfnSecurityGroupIngress(
        stack, "Door", group_id=group.ref, ip_protocol="-1", cidr_ipv6="::/0"
    )
    wafv2.CfnWebACL(
        stack,
        "Firewall",
        scope="REGIONAL",
        default_action={"allow": {}},
        visibility_config={
            "cloudWatchMetricsEnabled": True,
            "metricName": "firewall",
            "sampledRequestsEnabled": True,
        },
    )
    cognito.CfnUserPool(stack, "Users")
    cloudfront.CfnDistribution(
        stack,
        "Cdn",
        distribution_config={
            "enabled": True,
            "origins": [{"id": "any", "domainName": "example.com"}],
            "defaultCacheBehavior": {"targetOriginId": "any", "viewerProtocolPolicy": "allow-all"},
        },
    )
    api = apigatewayv2.CfnApi(stack, "Http", name="http", protocol_type="HTTP")
    apigatewayv2.CfnRoute(stack, "Route", api_id=api.ref, route_key="GET /")
    apigatewayv2.CfnStage(stack, "HttpStage", api_id=api.ref, stage_name="$default")
    rest = apigateway.CfnRestApi(stack, "Rest", name="rest")
    apigateway.CfnMethod(
        stack,
        "Method",
        http_method="GET",
        resource_id=rest.attr_root_resource_id,
        rest_api_id=rest.ref,
    )
    apigateway.CfnStage(stack, "RestStage", rest_api_id=rest.ref, stage_name="prod")
