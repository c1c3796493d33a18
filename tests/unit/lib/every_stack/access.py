"""Permissions, and what is open to whoever comes."""

from collections.abc import Iterator
from typing import Any

from tests.unit.lib.every_stack.claim import claim, is_the_cdks_own, named, properties
from tests.unit.lib.policies import is_for_everyone, listed, policies, resolved
from tests.unit.synthesized import Json, SynthesizedStack

EVERYWHERE = ("0.0.0.0/0", "::/0")
# Actions whose resource cannot be named, as the Service Authorization Reference has them:
# https://docs.aws.amazon.com/service-authorization/latest/reference/.
NAMELESS = {
    "cloudformation:DescribeStackDriftDetectionStatus",
    "cloudformation:DescribeStackEvents",  # of one that is gone, which has its id alone
    "cloudformation:DescribeStackResourceDrifts",  # these two of stacks that are not known here
    "cloudformation:DescribeStacks",
    "cloudformation:DetectStackDrift",
    "cloudformation:DetectStackResourceDrift",
    "cognito-idp:DescribeUserPoolDomain",
    "ec2:DescribeAddresses",
    "ec2:DescribeFlowLogs",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNatGateways",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
    "kms:ListAliases",
    "lambda:GetAccountSettings",
    "rds:DescribeDBSnapshots",
    "rds:DescribeEngineDefaultParameters",
    "secretsmanager:GetRandomPassword",
    "servicequotas:GetServiceQuota",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
# Conditions that leave of everyone only those of this account.
BOUNDS = {"aws:PrincipalAccount", "aws:ResourceAccount", "aws:SourceAccount", "aws:SourceArn"}


@claim
def every_permission_names_its_actions(stack: SynthesizedStack) -> Iterator[str]:
    for name, statement in _permissions(stack):
        wild = any("*" in action for action in listed(statement.get("Action", "*")))
        if wild or "NotResource" in statement:
            yield name


@claim
def every_permission_names_its_resources_or_says_why_not(
    stack: SynthesizedStack,
) -> Iterator[str]:
    for name, statement in _permissions(stack):
        excused = stack.excuses(name)
        for resource in map(_spelled, listed(statement.get("Resource", "*"))):
            why = excused.get(f"AwsSolutions-IAM5[Resource::{resource}]")
            needed = resource != "*" or set(listed(statement["Action"])) <= NAMELESS
            if "*" in resource and not (why and needed):
                yield name


@claim
def every_role_has_policies_of_ours_or_says_why_not(stack: SynthesizedStack) -> Iterator[str]:
    for name, each in properties(stack, "AWS::IAM::Role").items():
        for arn in each.get("ManagedPolicyArns", []):
            ours = named(arn) in stack.all("AWS::IAM::ManagedPolicy")
            rule = f"AwsSolutions-IAM4[Policy::{_spelled(arn)}]"
            if not (ours or stack.excuses(name).get(rule) or is_the_cdks_own(stack, name)):
                yield name


@claim
def no_policy_lets_everyone_in(stack: SynthesizedStack) -> Iterator[str]:
    trusts = [
        (name, each["AssumeRolePolicyDocument"]["Statement"])
        for name, each in properties(stack, "AWS::IAM::Role").items()
    ]
    for name, statements in [*policies(stack.template), *trusts]:
        for each in statements:
            bounds = {
                key
                for operator, conditions in each.get("Condition", {}).items()
                if operator in ("StringEquals", "ArnEquals", "ArnLike")
                for key in conditions
            }
            open_ = "NotPrincipal" in each or is_for_everyone(each["Principal"])
            if each["Effect"] == "Allow" and open_ and not bounds & BOUNDS:
                yield name
    for name, each in properties(stack, "AWS::Lambda::Permission").items():
        if is_for_everyone(each["Principal"]):
            yield name


@claim
def every_token_of_an_issuer_is_compared_letter_by_letter_with_one_audience_and_one_subject(
    stack: SynthesizedStack,
) -> Iterator[str]:
    for name, each in properties(stack, "AWS::IAM::Role").items():
        for statement in each["AssumeRolePolicyDocument"]["Statement"]:
            if "Federated" not in statement["Principal"]:
                continue
            exact = statement.get("Condition", {}).get("StringEquals", {})
            values = {key.rpartition(":")[2]: value for key, value in exact.items()}
            named = values.get("aud") == "sts.amazonaws.com" and values.get("sub")
            wild = any(not isinstance(v, str) or {*"*?"} & {*v} for v in values.values())
            if not named or wild or set(statement["Condition"]) != {"StringEquals"}:
                yield name


@claim
def every_role_for_an_issuers_tokens_has_a_boundary_and_nothing_inline(
    stack: SynthesizedStack,
) -> Iterator[str]:
    for name, each in properties(stack, "AWS::IAM::Role").items():
        for statement in each["AssumeRolePolicyDocument"]["Statement"]:
            if "Federated" in statement["Principal"] and (
                not each.get("PermissionsBoundary") or each.get("Policies")
            ):
                yield name


@claim
def every_route_asks_who_comes_or_says_why_not(stack: SynthesizedStack) -> Iterator[str]:
    for kind in ("AWS::ApiGatewayV2::Route", "AWS::ApiGateway::Method"):
        for name, each in properties(stack, kind).items():
            asks = each.get("AuthorizationType", "NONE") != "NONE"
            if not asks and not stack.excuses(name).get("AwsSolutions-APIG4"):
                yield name
    for name, each in properties(stack, "AWS::Lambda::Url").items():
        if each.get("AuthType") != "AWS_IAM":
            yield name


@claim
def every_stage_is_throttled_and_logs_who_came(stack: SynthesizedStack) -> Iterator[str]:
    for name, each in properties(stack, "AWS::ApiGatewayV2::Stage").items():
        if not _is_bound([each.get("DefaultRouteSettings", {})]) or not each.get(
            "AccessLogSettings"
        ):
            yield name
    for name, each in properties(stack, "AWS::ApiGateway::Stage").items():
        everything = [
            methods
            for methods in each.get("MethodSettings", [])
            if (methods["HttpMethod"], methods["ResourcePath"]) == ("*", "/*")
        ]
        if not _is_bound(everything) or not each.get("AccessLogSetting"):
            yield name


@claim
def no_security_group_lets_everyone_in(stack: SynthesizedStack) -> Iterator[str]:
    rules: list[tuple[str, Json]] = [
        (name, rule)
        for name, each in properties(stack, "AWS::EC2::SecurityGroup").items()
        for rule in each.get("SecurityGroupIngress", [])
    ]
    rules += properties(stack, "AWS::EC2::SecurityGroupIngress").items()
    for name, rule in rules:
        if {rule.get("CidrIp"), rule.get("CidrIpv6")} & set(EVERYWHERE):
            yield name


@claim
def no_subnet_gives_public_addresses(stack: SynthesizedStack) -> Iterator[str]:
    for name, each in properties(stack, "AWS::EC2::Subnet").items():
        if each.get("MapPublicIpOnLaunch") is not False:
            yield name


@claim
def every_network_is_watched_and_has_a_closed_default_group(
    stack: SynthesizedStack,
) -> Iterator[str]:
    watched = {
        named(each["ResourceId"])
        for each in properties(stack, "AWS::EC2::FlowLog").values()
        if each["TrafficType"] == "ALL"
    }
    closed = {
        named(each["DefaultSecurityGroupId"])
        for each in properties(stack, "Custom::VpcRestrictDefaultSG").values()
    }
    yield from stack.all("AWS::EC2::VPC").keys() - (watched & closed)


@claim
def every_cdn_speaks_https_alone(stack: SynthesizedStack) -> Iterator[str]:
    for name, each in properties(stack, "AWS::CloudFront::Distribution").items():
        config = each["DistributionConfig"]
        behaviours = [config["DefaultCacheBehavior"], *config.get("CacheBehaviors", [])]
        origins = [origin.get("CustomOriginConfig", {}) for origin in config["Origins"]]
        if any(
            behaviour["ViewerProtocolPolicy"] not in ("https-only", "redirect-to-https")
            for behaviour in behaviours
        ) or any(
            origin.get("OriginProtocolPolicy", "https-only") != "https-only" for origin in origins
        ):
            yield name


@claim
def nobody_signs_up_at_an_issuer_of_tokens(stack: SynthesizedStack) -> Iterator[str]:
    for name, each in properties(stack, "AWS::Cognito::UserPool").items():
        if each.get("AdminCreateUserConfig") != {"AllowAdminCreateUserOnly": True}:
            yield name


@claim
def every_web_acl_logs_what_it_saw_without_credentials(stack: SynthesizedStack) -> Iterator[str]:
    logged = {
        named(each["ResourceArn"]): each
        for each in properties(stack, "AWS::WAFv2::LoggingConfiguration").values()
    }
    for name in stack.all("AWS::WAFv2::WebACL"):
        logging = logged.get(name, {})
        redacted = {
            field.get("SingleHeader", {}).get("Name") for field in logging.get("RedactedFields", [])
        }
        if not redacted >= {"authorization", "cookie"} or not all(
            _is_a_log_of_the_web_acls(stack, arn) for arn in logging["LogDestinationConfigs"]
        ):
            yield name


def _is_a_log_of_the_web_acls(stack: SynthesizedStack, arn: Any) -> bool:
    """Whether AWS WAF writes there: an ARN without the `:*` that Fn::GetAtt gives, and its prefix.

    https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
    """
    group = resolved(arn).rpartition(":")[2]
    names = [
        each.get("LogGroupName", "")
        for name, each in properties(stack, "AWS::Logs::LogGroup").items()
        if group == name
    ]
    return bool(names) and str(names[0]).startswith("aws-waf-logs-")


def _permissions(stack: SynthesizedStack) -> Iterator[tuple[str, Json]]:
    """Each statement that allows something, with the logical id of the policy or role it is in."""
    documents: list[tuple[str, Json]] = [
        (name, each["PolicyDocument"])
        for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
        for name, each in properties(stack, kind).items()
    ]
    documents += [
        (name, policy["PolicyDocument"])
        for name, each in properties(stack, "AWS::IAM::Role").items()
        for policy in each.get("Policies", [])
    ]
    for name, document in documents:
        for statement in document["Statement"]:
            if statement["Effect"] == "Allow":
                yield name, statement


def _spelled(value: Any) -> str:
    """A value as cdk-nag spells it in a rule's name: `<Items.Arn>` for an attribute."""
    if not isinstance(value, dict):
        return str(value)
    if "Ref" in value:
        return f"<{value['Ref']}>"
    if "Fn::GetAtt" in value:
        return f"<{'.'.join(value['Fn::GetAtt'])}>"
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator).join(map(_spelled, parts))
    return str(value)


def _is_bound(settings: list[Json]) -> bool:
    return bool(settings) and all(
        each.get("ThrottlingRateLimit", 0) > 0 and each.get("ThrottlingBurstLimit", 0) > 0
        for each in settings
    )
