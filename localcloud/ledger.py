"""Fidelity ledger: what the embedded cloud does with each type of resource.

A deployed resource is *enforced* when what it declares has its effect here, *recorded* when it is
accepted and listed but has none, *skipped* when it is not even created. The note says what part of
an enforced resource is not, because a type is rarely wholly one or the other.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from localcloud.gateway.firewall import Firewall
from localcloud.metrics.published import is_published


class Verdict(StrEnum):
    """Verdict on a resource."""

    ENFORCED = "enforced"
    RECORDED = "recorded"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Fidelity:
    """The verdict on a type of resource, and what a reader must know besides."""

    verdict: Verdict
    note: str


def _enforced(note: str) -> Fidelity:
    return Fidelity(Verdict.ENFORCED, note)


def _recorded(note: str) -> Fidelity:
    return Fidelity(Verdict.RECORDED, note)


_NETWORK = "functions run on this machine: the network proof is of the template"

TYPES: dict[str, Fidelity] = {
    "AWS::ApiGateway::ApiKey": _enforced("no key, a wrong or a disabled one gets 403"),
    "AWS::ApiGateway::Account": _enforced("no stage logs while the account has no role for it"),
    "AWS::ApiGateway::Deployment": _enforced("a stage serves what was deployed to it"),
    "AWS::ApiGateway::GatewayResponse": _enforced("status, body and constant headers"),
    "AWS::ApiGateway::Method": _enforced("API key, validator, integration"),
    "AWS::ApiGateway::Model": _enforced("bodies are held against it; the reason is our wording"),
    "AWS::ApiGateway::RequestValidator": _enforced("a bad body is refused before the function"),
    "AWS::ApiGateway::Resource": _enforced("routing"),
    "AWS::ApiGateway::RestApi": _enforced("routing; its endpoint type is recorded"),
    "AWS::ApiGateway::Stage": _enforced(
        "method throttling, access log and web ACL; no X-Ray segment is kept"
    ),
    "AWS::ApiGateway::UsagePlan": _enforced(
        "rate, burst and quota; its day, week or month is the calendar's, in UTC"
    ),
    "AWS::ApiGateway::UsagePlanKey": _enforced("ties a key to its plan"),
    "AWS::ApiGatewayV2::Api": _enforced("routing and CORS; CORS is re-applied after deployment"),
    "AWS::ApiGatewayV2::Authorizer": _enforced("signature, issuer, audience, expiry and scopes"),
    "AWS::ApiGatewayV2::Integration": _enforced("payload format 2.0, without the cookies array"),
    "AWS::ApiGatewayV2::Route": _enforced("method, path, authorizer and scopes"),
    "AWS::ApiGatewayV2::Stage": _enforced(
        "throttling, the access log and the 10 MB limit, by the layer in front of the emulator; "
        "one bucket for all routes, taken before a token is looked at: a flood without tokens "
        "starves callers with them"
    ),
    "AWS::Backup::BackupPlan": _recorded("no backup is taken here"),
    "AWS::Backup::BackupSelection": _recorded("no backup is taken here"),
    "AWS::Backup::BackupVault": _recorded("no backup is taken here"),
    "AWS::CDK::Metadata": Fidelity(Verdict.SKIPPED, "usage statistics of the CDK"),
    "AWS::CloudFront::Distribution": _enforced(
        "behaviours with their methods, origins, headers policy and HTTPS, from one edge; nothing "
        "is cached long; a web ACL is not asked"
    ),
    "AWS::CloudFront::OriginAccessControl": _enforced("the bucket answers to the CDN alone"),
    "AWS::CloudFront::ResponseHeadersPolicy": _enforced("its headers are on every answer"),
    "AWS::CloudWatch::Alarm": _enforced(
        "evaluated each minute; its topic and the topic's key are asked whether it may publish; "
        "composite rules too, metric math is refused at deployment"
    ),
    "AWS::CloudWatch::Dashboard": _recorded("stored, not drawn"),
    "AWS::Cognito::UserPool": _enforced("no self sign-up, password policy"),
    "AWS::Cognito::UserPoolClient": _enforced("client secret, grant type, scopes, token lifetime"),
    "AWS::Cognito::UserPoolDomain": _recorded("tokens are given at /oauth2/token of the AWS API"),
    "AWS::Cognito::UserPoolResourceServer": _enforced("only its scopes can be asked for"),
    "AWS::DynamoDB::Table": _enforced(
        "conditions, limits, expiry of items, point-in-time recovery; each caller needs the "
        "key's consent"
    ),
    "AWS::EC2::EIP": _recorded(_NETWORK),
    "AWS::EC2::FlowLog": _recorded(_NETWORK),
    "AWS::EC2::InternetGateway": _recorded(_NETWORK),
    "AWS::EC2::NatGateway": _recorded(_NETWORK),
    "AWS::EC2::Route": _recorded(_NETWORK),
    "AWS::EC2::RouteTable": _recorded(_NETWORK),
    "AWS::EC2::SecurityGroup": _recorded(_NETWORK),
    "AWS::EC2::SecurityGroupEgress": _recorded(_NETWORK),
    "AWS::EC2::SecurityGroupIngress": _recorded(_NETWORK),
    "AWS::EC2::Subnet": _recorded(_NETWORK),
    "AWS::EC2::SubnetRouteTableAssociation": _recorded(_NETWORK),
    "AWS::EC2::VPC": _recorded(_NETWORK),
    "AWS::EC2::VPCEndpoint": _recorded(_NETWORK),
    "AWS::EC2::VPCGatewayAttachment": _recorded(_NETWORK),
    "AWS::IAM::ManagedPolicy": _enforced("every call of every function is evaluated"),
    "AWS::IAM::Policy": _enforced("every call of every function is evaluated"),
    "AWS::IAM::Role": _enforced("every call of every function is evaluated"),
    "AWS::KMS::Alias": _enforced("resolves to its key"),
    "AWS::KMS::Key": _enforced(
        "policy, grants and state, for direct calls and for callers of S3, DynamoDB, Secrets "
        "Manager, SQS and SNS; RDS and Backup do not ask for it, nothing is encrypted"
    ),
    "AWS::Lambda::EventSourceMapping": _enforced(
        "batches, partial failures, and the role's rights when it is made and at each poll"
    ),
    "AWS::Lambda::Function": _enforced(
        "role, timeout, heap within MemorySize, isolated interpreter; calls carry no "
        "lambda:SourceFunctionArn, so a policy's condition on it has no effect; /tmp is shared; "
        "no X-Ray segment is kept, as the emulator has no X-Ray"
    ),
    "AWS::Lambda::Permission": _enforced("API Gateway, Secrets Manager, SNS and S3 ask for it"),
    "AWS::Logs::Delivery": _recorded("the CDN's access log is not delivered"),
    "AWS::Logs::DeliveryDestination": _recorded("the CDN's access log is not delivered"),
    "AWS::Logs::DeliverySource": _recorded("the CDN's access log is not delivered"),
    "AWS::Logs::LogGroup": _enforced(
        "functions and APIs write there; its key must let Logs; events beyond its retention go"
    ),
    "AWS::Logs::LogStream": _enforced("created"),
    "AWS::RDS::DBInstance": _enforced(
        "a real PostgreSQL 15 with TLS required and SCRAM passwords; one zone, no backups"
    ),
    "AWS::RDS::DBParameterGroup": _recorded("TLS is required here too; its logging is not set"),
    "AWS::RDS::DBSubnetGroup": _recorded(_NETWORK),
    "AWS::S3::Bucket": _enforced(
        "public access block, versions, Object Lock, presigned policies and a POST's checksums; "
        "each caller needs the key's consent; objects, versions and uploads expire; transitions "
        "and access logs are recorded"
    ),
    "AWS::S3::BucketPolicy": _enforced("TLS only, and every other statement"),
    "AWS::SNS::Subscription": _enforced(
        "e-mail lands in the inbox (`tap inbox`); one that a template makes counts as confirmed"
    ),
    "AWS::SNS::Topic": _enforced("its policy and its key's consent"),
    "AWS::SNS::TopicPolicy": _enforced("evaluated at each publish"),
    "AWS::SQS::Queue": _enforced("visibility, redrive, retention and its key's consent"),
    "AWS::SQS::QueuePolicy": _enforced("evaluated at each call"),
    "AWS::SecretsManager::ResourcePolicy": _enforced("evaluated at each call"),
    "AWS::SecretsManager::RotationSchedule": _enforced(
        "rotates at deployment and on demand where the function lets Secrets Manager, or tests "
        "that it could; by its days or rate, on the clock; a cron schedule is refused"
    ),
    "AWS::SecretsManager::Secret": _enforced("versions, stages and its key's consent"),
    "AWS::SecretsManager::SecretTargetAttachment": _enforced("host and port are in the secret"),
    "AWS::WAFv2::LoggingConfiguration": _recorded("sampled requests are shown instead"),
    "AWS::WAFv2::WebACL": _enforced(
        "rate rules by address, texts, patterns and sizes as deployed; what is not evaluated is "
        "refused at deployment; AWS's managed groups by our approximation of their descriptions, "
        "without the IP reputation list"
    ),
    "AWS::WAFv2::WebACLAssociation": _enforced("the gateway before the emulator asks the web ACL"),
    "Custom::S3AutoDeleteObjects": _enforced("empties the bucket, without its Node.js function"),
    "Custom::VpcRestrictDefaultSG": _recorded(_NETWORK),
}


def of_web_acl(web_acl: dict[str, Any]) -> Fidelity:
    """The verdict on one web ACL, as the API describes it: recorded if a part has no effect."""
    if str(web_acl.get("ARN", "")).partition(":global/")[1]:
        return _recorded("the CDN here asks no web ACL")
    unknown = Firewall(web_acl).not_evaluated
    if unknown:
        named = ", ".join(f"{part} of rule {rule}" for rule, part in unknown.items())
        return _recorded(f"not evaluated here: {named}; its other rules are")
    return of("AWS::WAFv2::WebACL")


def of_alarm(alarm: dict[str, Any]) -> Fidelity:
    """The verdict on one alarm, as the API describes it: recorded if nothing can make it ring."""
    metric = str(alarm.get("Namespace", "")), str(alarm.get("MetricName", ""))
    if not is_published(*metric, [each["Name"] for each in alarm.get("Dimensions", [])]):
        return _recorded(f"{' '.join(metric)} is not published here: it never rings")
    return of("AWS::CloudWatch::Alarm")


def of(resource_type: str) -> Fidelity:
    """The verdict on a type; `UNKNOWN` where nobody has looked yet."""
    return TYPES.get(resource_type, Fidelity(Verdict.UNKNOWN, "not examined yet"))
