"""IAM policy statements, and the ARNs that they name."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from constructs import IConstruct


def allow(
    sid: str,
    *actions: str,
    on: str | list[str] = "*",
    by: iam.IPrincipal | None = None,
    only_if: Mapping[str, Any] | None = None,
) -> iam.PolicyStatement:
    """Return a statement that allows exactly these `actions`, such as `s3:GetObject`.

    Without `on`, the resources' ARNs, all are meant, or the one whose own policy it is; `by` says
    who may, in the policy of a resource; `only_if` are the conditions.
    """
    return iam.PolicyStatement(
        sid=sid,
        actions=list(actions),
        resources=[on] if isinstance(on, str) else on,
        principals=[by] if by else None,
        conditions=only_if,
    )


def deny(sid: str, *actions: str, **to_whom_and_where: Any) -> iam.PolicyStatement:
    """Return a statement that denies what `allow` would allow."""
    statement = allow(sid, *actions, **to_whom_and_where)
    statement.effect = iam.Effect.DENY
    return statement


def arn_here(scope: IConstruct, service: str, resource: str, *, region: str | None = None) -> str:
    """Return an ARN in the account and region of a stack, of a `resource` such as `alarm:*`."""
    return Stack.of(scope).format_arn(
        service=service, resource=resource, region=region, arn_format=ArnFormat.NO_RESOURCE_NAME
    )
