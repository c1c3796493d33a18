"""Every stack takes what any CDK stack takes, and needs nothing of this checkout around it."""

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jsii
import pytest
from aws_cdk import (
    App,
    CfnOutput,
    DefaultStackSynthesizer,
    Environment,
    IPropertyInjector,
    PermissionsBoundary,
    PropertyInjectors,
    Stack,
    StackProps,
)
from aws_cdk import aws_s3 as s3

import lib.environment
import tap
from lib.tap_stack import TapStack, TapStackProps
from tests.unit.synthesized import KINDS, ROOT, Json, context

Kind = Any  # a stack's class
TOPIC = "arn:aws:sns:eu-central-1:111122223333:deployments"


@jsii.implements(IPropertyInjector)
class Injector:
    """Injects nothing, into topics."""

    @property
    def construct_unique_id(self) -> str:
        return "aws-cdk-lib.aws_sns.Topic"

    def inject(self, original_props: Any, **_: Any) -> Any:
        return original_props


def given() -> dict[str, Any]:
    """A value for each field of `StackProps` that is not what a stack has without it."""
    return {
        "analytics_reporting": False,
        "cross_region_references": True,
        "description": "ours",
        "env": Environment(account="111122223333", region="eu-central-1"),
        "notification_arns": [TOPIC],
        "permissions_boundary": PermissionsBoundary.from_name("corporate"),
        "property_injectors": [Injector()],
        "stack_name": "named",
        "suppress_template_indentation": True,
        "synthesizer": DefaultStackSynthesizer(qualifier="ours"),
        "tags": {"CostCentre": "42"},
        "termination_protection": True,
    }


@dataclass
class Made:
    """A stack that was given every field, and the app around it once it is synthesized."""

    stack: Stack
    app: App

    @cached_property
    def manifest(self) -> Json:
        # Refers to another region's bucket, as only `cross_region_references` lets it.
        elsewhere = Stack(
            self.app,
            "Elsewhere",
            env=Environment(account="111122223333", region="us-east-1"),
            cross_region_references=True,
        )
        bucket = s3.Bucket(elsewhere, "Bucket", bucket_name="a-bucket-of-another-region")
        CfnOutput(self.stack, "Referred", value=bucket.bucket_arn)
        path = Path(self.app.synth().directory) / "manifest.json"
        manifest: Json = json.loads(path.read_text("utf-8"))["artifacts"]["Given"]
        return manifest

    @cached_property
    def text(self) -> str:
        assert self.manifest
        return (Path(self.app.outdir) / "Given.template.json").read_text("utf-8")

    @cached_property
    def template(self) -> Json:
        template: Json = json.loads(self.text)
        return template

    def all(self, kind: str) -> list[Json]:
        return [
            each["Properties"]
            for name, each in self.template["Resources"].items()
            # The CDK's reader of other regions' references comes when the aspects have been.
            if each["Type"] == kind and "CrossRegionExportReader" not in name
        ]


REACHES: dict[str, Callable[[Made], bool]] = {
    "analytics_reporting": lambda made: not made.all("AWS::CDK::Metadata"),
    "cross_region_references": lambda made: "Referred" in made.template["Outputs"],
    "description": lambda made: made.template["Description"] == "ours",
    "env": lambda made: made.manifest["environment"] == "aws://111122223333/eu-central-1",
    "notification_arns": lambda made: made.manifest["properties"]["notificationArns"] == [TOPIC],
    "permissions_boundary": lambda made: all(
        "policy/corporate" in json.dumps(each["PermissionsBoundary"])
        for each in made.all("AWS::IAM::Role")
    ),
    "property_injectors": lambda made: (
        PropertyInjectors.of(made.stack).supported_classes() == ["aws-cdk-lib.aws_sns.Topic"]
    ),
    "stack_name": lambda made: made.manifest["properties"]["stackName"] == "named",
    "suppress_template_indentation": lambda made: "\n" not in made.text,
    "synthesizer": lambda made: "cdk-ours-deploy-role" in json.dumps(made.manifest),
    "tags": lambda made: made.manifest["properties"]["tags"] == {"CostCentre": "42"},
    "termination_protection": lambda made: made.manifest["properties"]["terminationProtection"],
}


@pytest.fixture(scope="module", params=["keyword", "props"])
def made(
    request: pytest.FixtureRequest, kind: Kind, tmp_path_factory: pytest.TempPathFactory
) -> Made:
    app = App(
        outdir=str(tmp_path_factory.mktemp("props")),
        analytics_reporting=True,
        builtin_cloud_formation_validation=False,
    )
    if request.param == "keyword":
        return Made(kind(app, "Given", **given()), app)
    return Made(kind(app, "Given", TapStackProps(**given())), app)


@pytest.fixture(name="kind", scope="module", params=KINDS)
def every_kind(request: pytest.FixtureRequest) -> Kind:
    kind: Kind = getattr(tap, request.param)
    return kind


@pytest.mark.parametrize("field", list(inspect.signature(StackProps).parameters))
def test_a_field_of_stack_props_reaches_the_stack(made: Made, field: str) -> None:
    assert REACHES[field](made)


def test_what_is_given_by_keyword_goes_before_the_props() -> None:
    props = TapStackProps("qa", description="of the props", stack_name="of-the-props")

    stack = TapStack(App(), "Anything", props, description="of the keyword")

    assert stack.template_options.description == "of the keyword"
    assert (stack.stack_name, stack.environment_suffix) == ("of-the-props", "qa")


def test_a_suffix_may_be_given_by_position_and_decides_what_is_kept(kind: Kind) -> None:
    assert TapStackProps().environment_suffix is None
    assert kind(App(), "T", TapStackProps("pr1")).termination_protection is False
    assert kind(App(), "T", TapStackProps("test")).termination_protection is True


@pytest.mark.parametrize("suffix", ["dev", "prod"])
def test_a_stack_is_the_same_in_an_app_that_has_never_seen_our_cdk_json(
    kind: Kind, suffix: str, tmp_path: Path
) -> None:
    texts = []
    for name, settings in (("plain", {}), ("ours", context())):
        app = App(
            outdir=str(tmp_path / name),
            context=settings,
            builtin_cloud_formation_validation=False,
        )
        settled = lib.environment.Environment.resolve(app.node, suffix=suffix)
        kind(app, "Stack", environment=settled)
        app.synth()
        texts.append((tmp_path / name / "Stack.template.json").read_text("utf-8"))

    assert texts[0] == texts[1]


def test_our_cdk_json_has_no_key_that_the_cdk_keeps_for_itself() -> None:
    # The CLI warns of them at every command.
    assert not [name for name in context() if name.startswith("aws:")]
    assert "aws:" not in (ROOT / "cdk.json").read_text("utf-8")
