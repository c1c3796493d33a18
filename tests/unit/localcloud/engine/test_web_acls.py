"""Texts that a deployed web ACL searches for, as a client reads them."""

import base64
import binascii

import pytest

from localcloud.engine import web_acls


def searched(emulator, **text):
    """The text of a deployed web ACL's rule, as botocore decodes it."""
    match = {
        "FieldToMatch": {"UriPath": {}},
        "PositionalConstraint": "CONTAINS",
        "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
        **text,
    }
    visible = {
        "SampledRequestsEnabled": True,
        "CloudWatchMetricsEnabled": True,
        "MetricName": "m",
    }
    rule = {
        "Name": "paths",
        "Priority": 0,
        "Statement": {"ByteMatchStatement": match},
        "Action": {"Block": {}},
        "VisibilityConfig": visible,
    }
    stack = emulator.deploy(
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
