"""Web ACLs of templates: their texts as a client reads them, and what is refused."""

import base64
import binascii

import pytest

from localcloud.engine import web_acls


def deployed(emulator, statement):
    """A stack with a web ACL that blocks what a statement describes."""
    visible = {
        "SampledRequestsEnabled": True,
        "CloudWatchMetricsEnabled": True,
        "MetricName": "m",
    }
    rule = {
        "Name": "paths",
        "Priority": 0,
        "Statement": statement,
        "Action": {"Block": {}},
        "VisibilityConfig": visible,
    }
    return emulator.deploy(
        Acl={
            "Type": "AWS::WAFv2::WebACL",
            "Properties": {
                "Scope": "REGIONAL",
                "DefaultAction": {"Allow": {}},
                "VisibilityConfig": visible,
                "Rules": [rule],
            },
        }
    )


def searched(emulator, **text):
    """The text of a deployed web ACL's rule, as botocore decodes it."""
    match = {
        "FieldToMatch": {"UriPath": {}},
        "PositionalConstraint": "CONTAINS",
        "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
        **text,
    }
    stack = deployed(emulator, {"ByteMatchStatement": match})
    name, identity, scope = stack.ids["Acl"].split("|")
    found = emulator.client("wafv2").get_web_acl(Name=name, Id=identity, Scope=scope)
    return found["WebACL"]["Rules"][0]["Statement"]["ByteMatchStatement"]["SearchString"]


def test_the_original_tells_a_text_that_no_client_can_decode(emulator):
    with pytest.raises(binascii.Error):
        searched(emulator, SearchString="/../x")


def test_a_text_is_told_as_the_template_has_it(emulator, patch):
    patch(web_acls)

    assert searched(emulator, SearchString="/../x") == b"/../x"


def test_a_text_in_base64_is_told_decoded(emulator, patch):
    patch(web_acls)

    coded = base64.b64encode(b"/../x").decode()
    assert searched(emulator, SearchStringBase64=coded) == b"/../x"


COUNTRIES = {"GeoMatchStatement": {"CountryCodes": ["XX"]}}


def test_the_original_accepts_a_rule_that_nothing_evaluates(emulator):
    assert deployed(emulator, COUNTRIES).status == "CREATE_COMPLETE"


def test_a_rule_that_is_not_evaluated_is_refused_by_name_at_deployment(emulator, patch):
    patch(web_acls)

    refused = deployed(emulator, COUNTRIES)

    assert refused.status.startswith("ROLLBACK")
    told = "the embedded cloud does not evaluate GeoMatchStatement of rule paths"
    assert told in told_of(emulator, refused)


@pytest.mark.parametrize("kind", ["IPSet", "RegexPatternSet", "RuleGroup"])
def test_sets_and_groups_of_ones_own_are_refused_by_name(emulator, patch, kind):
    patch(web_acls)

    refused = emulator.deploy(It={"Type": f"AWS::WAFv2::{kind}", "Properties": {}})

    assert f"the embedded cloud does not evaluate AWS::WAFv2::{kind}" in told_of(emulator, refused)


def told_of(emulator, stack):
    """Everything that CloudFormation tells of a stack."""
    events = emulator.client("cloudformation").describe_stack_events(StackName=stack.name)
    return " ".join(each.get("ResourceStatusReason", "") for each in events["StackEvents"])
