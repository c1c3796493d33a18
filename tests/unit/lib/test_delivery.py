"""Who may deliver: what a token of GitHub's must say, and what its job may do then."""

import json
import re
from pathlib import Path

import pytest
from aws_cdk import App

from lib.context import SettingError
from lib.delivery.settings import DeliverySettings
from tests.unit.lib.policies import ACCOUNT, REGION, listed, resolved
from tests.unit.synthesized import KINDS, Json, SynthesizedStack

ISSUER = "token.actions.githubusercontent.com"
# What would give a secret, or data, to whoever may call it.
SECRETS = {
    "cognito-idp:DescribeUserPoolClient",
    "dynamodb:GetItem",
    "kms:Decrypt",
    "s3:GetObject",
    "secretsmanager:GetSecretValue",
}
# The service in IAM, where CloudFormation calls it otherwise.
SERVICES = {"apigatewayv2": "apigateway", "cognito": "cognito-idp"}
TOKEN = {
    "aud": "sts.amazonaws.com",
    "sub": "repo:octocat/tap:environment:prod",
    "ref": "refs/heads/main",
}


def settings(**context: object) -> DeliverySettings | None:
    return DeliverySettings.resolve(App(context=context).node)


def trust(stack: SynthesizedStack, role: str) -> Json:
    [statement] = stack.at(f"{role}/Role")["AssumeRolePolicyDocument"]["Statement"]
    return dict(resolved(statement))


def takes(statement: Json, token: dict[str, str]) -> bool:
    """Whether STS gives the role for a token, by the statement's only operator."""
    [(operator, wanted)] = statement["Condition"].items()
    assert operator == "StringEquals"
    return all(token.get(key.removeprefix(f"{ISSUER}:")) == value for key, value in wanted.items())


def rights(stack: SynthesizedStack, role: str) -> dict[str, Json]:
    document = stack.at(f"{role}/Policy")["PolicyDocument"]
    return {each["Sid"]: resolved(each) for each in document["Statement"]}


def test_a_job_of_the_environment_on_main_takes_its_role(delivery: SynthesizedStack) -> None:
    statement = trust(delivery, "Prod")

    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Principal"] == {
        "Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}",
    }
    assert takes(statement, TOKEN)


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("aud", "https://github.com/octocat"),
        ("sub", "repo:octocat/tap:environment:staging"),
        ("sub", "repo:octocat/tap:environment:Prod"),
        ("sub", "repo:octocat/tap:pull_request"),
        ("sub", "repo:octocat/tap:ref:refs/heads/main"),
        ("sub", "repo:mallory/tap:environment:prod"),  # a fork says its own name
        ("sub", "repo:octocat/tap-2:environment:prod"),
        ("sub", "repo:octocat@9/tap@9:environment:prod"),
        ("ref", "refs/heads/main-2"),
        ("ref", "refs/pull/7/merge"),
        ("ref", "refs/tags/main"),
    ],
)
def test_a_token_that_says_anything_else_takes_no_role(
    delivery: SynthesizedStack, claim: str, value: str
) -> None:
    assert not takes(trust(delivery, "Prod"), TOKEN | {claim: value})


@pytest.mark.parametrize("claim", TOKEN)
def test_a_token_that_does_not_say_it_takes_no_role(delivery: SynthesizedStack, claim: str) -> None:
    told = {name: value for name, value in TOKEN.items() if name != claim}

    assert not takes(trust(delivery, "Prod"), told)


def test_a_repository_whose_tokens_name_ids_is_known_by_them(previews: SynthesizedStack) -> None:
    told = TOKEN | {"sub": "repo:octocat@1/tap@2:environment:preview", "ref": "refs/pull/7/merge"}

    assert takes(trust(previews, "Preview"), told)
    assert not takes(trust(previews, "Preview"), told | {"sub": TOKEN["sub"]})


def test_the_deploying_roles_take_three_roles_of_the_cdk_and_no_other(
    delivery: SynthesizedStack, previews: SynthesizedStack
) -> None:
    for stack, role, qualifier in ((delivery, "Prod", "hnb659fds"), (previews, "Preview", "ours")):
        taken = [each for each in rights(stack, role).values() if "sts:" in str(each["Action"])]

        assert [each["Action"] for each in taken] == ["sts:AssumeRole"]
        assert taken[0]["Resource"] == [
            f"arn:aws:iam::{ACCOUNT}:role/cdk-{qualifier}-{kind}-role-{ACCOUNT}-{REGION}"
            for kind in ("deploy", "file-publishing", "lookup")
        ]


def test_a_role_names_what_is_of_its_environment_alone(delivery: SynthesizedStack) -> None:
    for mine, other in (("prod", "staging"), ("staging", "prod")):
        named = json.dumps(rights(delivery, mine.title()))

        assert f"tap-store-migrations-{mine}" in named
        assert other not in named


def test_what_changes_to_be_tested_is_never_production(delivery: SynthesizedStack) -> None:
    assert set(rights(delivery, "Prod")) < set(rights(delivery, "Staging"))
    assert not [name for name in rights(delivery, "Prod") if name.startswith("Test")]


def test_a_pull_request_touches_no_name_of_a_kept_environment(previews: SynthesizedStack) -> None:
    named = json.dumps(rights(previews, "Preview"))

    assert "tap-store-migrations-pr*" in named
    assert "dev" not in named
    assert "prod" not in named


def test_what_is_attached_to_a_role_later_adds_nothing(delivery: SynthesizedStack) -> None:
    for role in ("Prod", "Staging", "Watch"):
        made = delivery.at(f"{role}/Role")

        assert made["PermissionsBoundary"] == delivery.ref(f"{role}/Policy")
        assert made["ManagedPolicyArns"] == [made["PermissionsBoundary"]]


def test_who_watches_reads_settings_and_no_secret_of_what_is_delivered(
    delivery: SynthesizedStack, prod: SynthesizedStack
) -> None:
    actions = {a for each in rights(delivery, "Watch").values() for a in listed(each["Action"])}
    types = {
        each["Type"].split("::")[1].lower()
        for kind in KINDS
        for each in prod.other(kind).template["Resources"].values()
        if each["Type"].startswith("AWS::")
    }

    assert takes(trust(delivery, "Watch"), TOKEN | {"sub": "repo:octocat/tap:ref:refs/heads/main"})
    names = {each.partition(":")[2] for each in actions} - {"GET"}
    assert {re.split("(?<=[a-z])(?=[A-Z])", each)[0] for each in names} == {
        *("Describe", "Detect", "Get", "List"),
    }
    assert not actions & SECRETS
    assert "apikeys" not in json.dumps(rights(delivery, "Watch"))
    read = {each.partition(":")[0] for each in actions}
    assert {SERVICES.get(each, each) for each in types} <= read


def test_a_policy_fits_what_iam_takes(delivery: SynthesizedStack) -> None:
    for role in ("Prod", "Staging", "Watch"):
        document = delivery.at(f"{role}/Policy")["PolicyDocument"]

        assert len(json.dumps(resolved(document), separators=(",", ":"))) <= 6144


def test_it_is_made_only_when_asked_and_then_alone(
    dev: SynthesizedStack, delivery: SynthesizedStack
) -> None:
    def stacks(folder: Path) -> set[str]:
        found = json.loads((folder / "manifest.json").read_text("utf-8"))["artifacts"]
        kind = "aws:cloudformation:stack"
        return {name for name, each in found.items() if each["type"] == kind}

    assert stacks(delivery.assembly) == {"DeliveryStack"}
    assert stacks(dev.assembly) == {f"{kind}dev" for kind in KINDS}
    assert delivery.artifact["properties"]["terminationProtection"] is True


def test_without_a_repository_there_is_no_delivery() -> None:
    assert settings(deliveryEnvironments="prod") is None


def test_staging_and_production_are_delivered_unless_others_are_named() -> None:
    found = settings(delivery="octocat/tap")

    assert found is not None
    assert found.environments == ("staging", "prod")


@pytest.mark.parametrize(
    ("context", "advice"),
    [
        ({"delivery": "octocat"}, "owner/name"),
        ({"delivery": "octocat/*"}, "owner/name"),
        ({"delivery": "octocat/tap:ref"}, "owner/name"),
        ({"deliveryEnvironments": "Prod"}, "lower-case letters"),
        ({"deliveryEnvironments": "pr*"}, "lower-case letters"),
        ({"deliveryEnvironments": "preview,prod"}, "an account of its own"),
    ],
)
def test_a_setting_that_would_let_others_in_is_refused(
    context: dict[str, str], advice: str
) -> None:
    with pytest.raises(SettingError) as refusal:
        settings(**{"delivery": "octocat/tap", **context})

    assert advice in str(refusal.value)
