"""The look at an AWS account before a deployment: what it lacks, and the command that mends it."""

import json
import re
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from cli import preflight
from cli.errors import CliError

READY: dict[str, list[tuple[str, Any]]] = {
    "ssm": [("get_parameter", {"Parameter": {"Value": "30"}})],
    "apigateway": [("get_account", {"cloudwatchRoleArn": "arn:aws:iam::1:role/logs"})],
    "cloudformation": [("describe_stacks", {"Stacks": []})],
    "ec2": [("describe_vpcs", {"Vpcs": [{}]}), ("describe_addresses", {"Addresses": []})],
    "service-quotas": [("get_service_quota", {"Quota": {"Value": 5.0}})] * 2,
    "lambda": [("get_account_settings", {"AccountLimit": {"ConcurrentExecutions": 1000}})],
}
TWO_PAGES_OF_VPCS = [
    ("describe_vpcs", {"Vpcs": [{}] * 4, "NextToken": "the rest"}),
    ("describe_vpcs", {"Vpcs": [{}]}),
]
INCREASE = (
    "5 of 5 {} are in use, {} more needed: aws service-quotas request-service-quota-increase "
    "--service-code {} --quota-code {} --desired-value {}"
)


@pytest.fixture
def account():
    """Makes an account from what its services answer, one after the other."""
    session = botocore.session.Session()

    def answering(**answers):
        made = {}
        for service, responses in (READY | answers).items():
            client = session.create_client(
                service, "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
            )
            stub = Stubber(client)
            for operation, answer in responses:
                if isinstance(answer, str):
                    stub.add_client_error(operation, answer)
                else:
                    stub.add_response(operation, answer)
            stub.activate()
            made[service] = client
        return made.__getitem__

    return answering


@pytest.fixture
def assembly(qa):
    """The folder of the whole app, synthesized with all that it can need of an account."""
    return qa.assembly


def lacks(account, assembly, capsys):
    with pytest.raises(CliError, match="run the commands above, then repeat"):
        preflight.require_ready(account, assembly)
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith("✗")]


def test_an_account_that_has_everything_is_ready_and_nothing_is_said(account, dev, capsys):
    preflight.require_ready(account(), dev.assembly)

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (
            {"ssm": [("get_parameter", "ParameterNotFound")]},
            "bootstrap stack is missing: tap cdk --aws bootstrap",
        ),
        (
            {"ssm": [("get_parameter", {"Parameter": {"Value": "3"}})]},
            "is at version 3, 6 is needed: tap cdk --aws bootstrap",
        ),
        (
            {"apigateway": [("get_account", {})]},
            "API Gateway may not write logs in this region: aws iam create-role",
        ),
        (
            {"ec2": [("describe_vpcs", {"Vpcs": [{}] * 5}), *READY["ec2"][1:]]},
            INCREASE.format("VPCs", 1, "vpc", "L-F678F1CE", 6),
        ),
        (
            {"ec2": [*TWO_PAGES_OF_VPCS, *READY["ec2"][1:]]},
            INCREASE.format("VPCs", 1, "vpc", "L-F678F1CE", 6),
        ),
    ],
    ids=[
        "no bootstrap",
        "an old bootstrap",
        "no log role",
        "no VPC left",
        "no VPC left by the second page",
    ],
)
def test_what_an_account_lacks_is_one_line_with_the_command_that_mends_it(
    answers, said, account, assembly, capsys
):
    lines = lacks(account(**answers), assembly, capsys)

    assert len(lines) == 1
    assert said in lines[0]


def test_an_environment_that_is_kept_needs_addresses_for_its_gateways(account, prod, capsys):
    taken = [*READY["ec2"][:1], ("describe_addresses", {"Addresses": [{}] * 5})]

    [line] = lacks(account(ec2=taken), prod.assembly, capsys)

    assert INCREASE.format("Elastic IPs", 2, "ec2", "L-0263D0A3", 7) in line


def test_everything_that_is_missing_is_said_at_once(account, assembly, capsys):
    lines = lacks(
        account(ssm=[("get_parameter", "ParameterNotFound")], apigateway=[("get_account", {})]),
        assembly,
        capsys,
    )

    assert len(lines) == 2


def test_what_is_deployed_already_needs_no_room(account, assembly):
    deployed = {"StackName": "EcommerceStackqa", "StackStatus": "UPDATE_COMPLETE"}
    full = account(
        cloudformation=[("describe_stacks", {"Stacks": [{**deployed, "CreationTime": 0}]})],
        ec2=[],
    )

    preflight.require_ready(full, assembly)


def test_a_runtime_that_lambda_lacks_is_named_with_the_newest_it_has(
    account, assembly, tmp_path, capsys
):
    for path in assembly.glob("*.json"):
        text = re.sub(r'"Runtime": ?"python[0-9.]+"', '"Runtime": "python3.99"', path.read_text())
        (tmp_path / path.name).write_text(text)

    lines = lacks(account(), tmp_path, capsys)

    assert len(lines) == 1
    assert "Lambda has no runtime python3.99, the newest Python is python3.1" in lines[0]
    assert "make deploy PYTHON=python3.1" in lines[0]


def test_few_functions_at_once_are_advised_against_but_can_be_deployed(account, assembly, capsys):
    new = account(
        **{"lambda": [("get_account_settings", {"AccountLimit": {"ConcurrentExecutions": 10}})]}
    )

    preflight.require_ready(new, assembly)

    assert "Lambda runs 10 functions at once" in capsys.readouterr().err


def test_a_first_deployment_that_could_not_be_taken_back_is_advised_against(account, prod, capsys):
    quotas = [("get_service_quota", {"Quota": {"Value": 9.0}})] * 2

    preflight.require_ready(account(**{"service-quotas": quotas}), prod.assembly)

    said = capsys.readouterr().err
    assert "! EcommerceStackprod, PartnerApiStackprod, TapStackprod: " in said
    assert "-c deletionProtection=false" in said


@pytest.mark.parametrize(
    ("answers", "what"),
    [
        ({"apigateway": [("get_account", "AccessDeniedException")]}, "gateway logs"),
        ({"lambda": [("get_account_settings", "AccessDeniedException")]}, "concurrency"),
    ],
    ids=["a check", "the advice"],
)
def test_what_may_not_be_looked_at_is_said_and_does_not_stop_a_deployment(
    answers, what, account, assembly, capsys
):
    preflight.require_ready(account(**answers), assembly)

    assert f"could not look at: {what}" in capsys.readouterr().err


def test_an_app_without_networks_or_logging_stages_is_asked_for_neither(account, tmp_path):
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "one.json"}}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"One": stack}}))
    (tmp_path / "one.json").write_text(
        json.dumps({"Resources": {"Stage": {"Type": "AWS::ApiGateway::Stage"}}})
    )

    preflight.require_ready(account(ssm=[], apigateway=[], ec2=[]), tmp_path)
