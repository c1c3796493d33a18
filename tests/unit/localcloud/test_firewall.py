"""A deployed web ACL, evaluated."""

import time

import pytest

from localcloud.engine.web_acls import as_api
from localcloud.gateway.firewall import Firewall
from localcloud.gateway.statements import WebRequest
from localcloud.ledger import Verdict, deployed

COMMON, BAD_INPUTS = "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"


def request(**changed):
    fields = {
        "method": "GET",
        "path": "/prod/items",
        "query": "",
        "headers": (("user-agent", "partner/1.0"),),
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


def rated(**changed):
    return {"RateBasedStatement": {"Limit": 0, "AggregateKeyType": "IP"} | changed}


def web_acl(*rules, default="Allow"):
    return Firewall({"Name": "acl", "DefaultAction": {default: {}}, "Rules": list(rules)})


def test_a_plain_request_passes_every_group():
    firewall = web_acl(managed(COMMON), managed(BAD_INPUTS, 2))

    assert firewall.judge(request()).action == "ALLOW"


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"headers": ()}, "NoUserAgent_HEADER"),
        ({"headers": (("user-agent", "sqlmap/1.8"),)}, "UserAgent_BadBots_HEADER"),
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
        ({"headers": (("x-any", "${jndi:ldap://a.example/x}"),)}, "Log4JRCE_HEADER"),
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


def test_requests_older_than_the_window_no_longer_count(monkeypatch):
    firewall, now = web_acl(rate(1)), [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    actions = []

    for now[0] in (0.0, 299.0, 301.0, 600.0):
        actions.append(firewall.judge(request()).action)

    assert actions == ["ALLOW", "BLOCK", "BLOCK", "BLOCK"]
    now[0] = 901.0
    assert firewall.judge(request()).action == "ALLOW"


def test_a_web_acl_read_again_goes_on_counting():
    first, again = web_acl(rate(1)), web_acl(rate(1))
    first.judge(request())

    again.keep_counts_of(first)

    assert again.judge(request()).action == "BLOCK"


def test_rules_are_read_in_the_order_of_their_priority():
    firewall = web_acl(managed(COMMON, priority=5), rate(0, priority=1))

    assert firewall.judge(request(headers=())).rule == "Rate"


def test_a_blocked_request_is_sampled():
    firewall = web_acl(managed(COMMON))
    firewall.judge(request(headers=()))

    sample = firewall.report()["samples"][0]

    assert (sample["action"], sample["path"], sample["source_ip"]) == (
        "BLOCK",
        "/prod/items",
        "192.0.2.1",
    )


def test_what_no_rule_matches_gets_the_default_action():
    assert web_acl(default="Block").judge(request()).action == "BLOCK"


def test_a_rate_rule_counts_anew_when_its_limit_changes():
    before = web_acl(rate(2))
    assert [before.judge(request()).action for _ in range(3)] == ["ALLOW", "ALLOW", "BLOCK"]
    changed, restored = web_acl(rate(5)), web_acl(rate(2))
    changed.keep_counts_of(before)
    restored.keep_counts_of(changed)

    assert changed.judge(request()).action == "ALLOW"
    assert restored.judge(request()).action == "BLOCK"


def test_every_value_of_a_repeated_header_is_judged():
    sent = (("user-agent", "a"), ("x-a", "${jndi:ldap://a.example/x}"), ("x-a", "ok"))

    assert web_acl(managed(BAD_INPUTS)).judge(request(headers=sent)).action == "BLOCK"


def bytes_match(text, field, position="STARTS_WITH", transformations=("NONE",)):
    return {
        "ByteMatchStatement": {
            "SearchString": text if isinstance(text, bytes) else text.encode("latin-1"),
            "FieldToMatch": field,
            "PositionalConstraint": position,
            "TextTransformations": [
                {"Priority": number, "Type": name} for number, name in enumerate(transformations)
            ],
        }
    }


def of_field(kind, field, oversize="CONTINUE", **said):
    plain = {"TextTransformations": [{"Priority": 0, "Type": "NONE"}]}
    setting = {"OversizeHandling": oversize} if field == "Body" else {}
    return {kind: {"FieldToMatch": {field: setting}, **plain, **said}}


LOGIN = bytes_match(b"/login", {"UriPath": {}})
POSTED = bytes_match("POST", {"Method": {}}, "EXACTLY")


def rule(statement, action="Block"):
    return {"Name": "Own", "Priority": 0, "Action": {action: {}}, "Statement": statement}


@pytest.mark.parametrize(
    ("statement", "changed"),
    [
        (LOGIN, {"path": "/login/x"}),
        (POSTED, {"method": "POST"}),
        (bytes_match("x=1", {"QueryString": {}}, "CONTAINS"), {"query": "a&x=1&b"}),
        (
            bytes_match("b", {"SingleHeader": {"Name": "X-A"}}, "ENDS_WITH"),
            {"headers": (("x-a", "ab"), ("x-a", "c"))},
        ),
        (
            bytes_match("a b", {"QueryString": {}}, "EXACTLY", ("URL_DECODE", "LOWERCASE")),
            {"query": "A%20B"},
        ),
        (bytes_match("evil", {"Body": {}}, "CONTAINS"), {"body": b"an evil body"}),
        (
            of_field("RegexMatchStatement", "QueryString", RegexString=r"^id=\d+$"),
            {"query": "id=1"},
        ),
        (
            of_field("SizeConstraintStatement", "Body", ComparisonOperator="GT", Size="4"),
            {"body": b"12345"},
        ),
        ({"AndStatement": {"Statements": [LOGIN, POSTED]}}, {"path": "/login", "method": "POST"}),
        ({"OrStatement": {"Statements": [LOGIN, POSTED]}}, {"method": "POST"}),
    ],
)
def test_a_rule_of_ones_own_blocks_what_it_describes_and_nothing_else(statement, changed):
    firewall = web_acl(rule(statement))

    assert firewall.judge(request(**changed)).rule == "Own"
    assert firewall.judge(request()).action == "ALLOW"
    assert not firewall.not_evaluated


def test_only_the_letters_of_ascii_become_small():
    firewall = web_acl(rule(bytes_match("\xc9a", {"Body": {}}, "EXACTLY", ("LOWERCASE",))))

    assert firewall.judge(request(body=b"\xc9A")).action == "BLOCK"


def test_of_a_longer_body_the_first_16_kb_are_seen():
    said = {"ComparisonOperator": "GT", "Size": 16 * 1024}
    firewall = web_acl(rule(of_field("SizeConstraintStatement", "Body", **said)))

    assert firewall.judge(request(body=b"x" * 20_000)).action == "ALLOW"


@pytest.mark.parametrize(
    "said",
    [{"CustomResponseBodies": {}}, {"DefaultAction": {"Block": {"CustomResponse": {}}}}],
)
def test_a_setting_of_the_whole_that_is_not_understood_is_named(said):
    assert "Default_Action" in Firewall({"Name": "acl", **said}).not_evaluated


def test_a_rule_blocks_what_is_not_so():
    firewall = web_acl(rule({"NotStatement": {"Statement": LOGIN}}))

    assert firewall.judge(request(path="/login")).action == "ALLOW"
    assert firewall.judge(request()).action == "BLOCK"


def test_a_rate_rule_counts_and_blocks_only_what_is_in_its_scope():
    limited = rate(1)
    limited["Statement"]["RateBasedStatement"]["ScopeDownStatement"] = LOGIN
    firewall = web_acl(limited)

    elsewhere = [firewall.judge(request(path="/x")).action for _ in range(3)]
    within = [firewall.judge(request(path="/login")).action for _ in range(2)]

    assert elsewhere == ["ALLOW"] * 3
    assert within == ["ALLOW", "BLOCK"]


def test_a_managed_group_judges_only_what_is_in_its_scope():
    firewall = web_acl(managed(COMMON, ScopeDownStatement=LOGIN))

    assert firewall.judge(request(headers=())).action == "ALLOW"
    assert firewall.judge(request(headers=(), path="/login")).action == "BLOCK"


COUNTRIES = {"GeoMatchStatement": {"CountryCodes": ["XX"]}}


@pytest.mark.parametrize(
    ("unknown", "named"),
    [
        (rule(COUNTRIES), "GeoMatchStatement"),
        (rule({"NotStatement": {"Statement": COUNTRIES}}), "GeoMatchStatement"),
        (rule({"AndStatement": {"Statements": [LOGIN, COUNTRIES]}}), "GeoMatchStatement"),
        (rule({"IPSetReferenceStatement": {"ARN": "arn"}}), "IPSetReferenceStatement"),
        (rule(LOGIN, "Captcha"), "Captcha"),
        (rule(bytes_match("x", {"JsonBody": {}})), "JsonBody"),
        (
            rule(
                of_field(
                    "SizeConstraintStatement", "Body", "MATCH", ComparisonOperator="GT", Size=1
                )
            ),
            "OversizeHandling MATCH",
        ),
        (rule(bytes_match("x", {"UriPath": {}}, "CONTAINS_WORD")), "CONTAINS_WORD"),
        (rule(bytes_match("x", {"UriPath": {}}, "EXACTLY", ("CMD_LINE",))), "CMD_LINE"),
        (rule(bytes_match("x", {"AllQueryArguments": {}})), "AllQueryArguments"),
        (rule({"LabelMatchStatement": {}}), "LabelMatchStatement"),
        (rule({"SqliMatchStatement": {}}), "SqliMatchStatement"),
        (rule({"RegexMatchStatement": {"RegexString": "(?>"}}), "RegexString (?>"),
        (rule({"ByteMatchStatement": LOGIN["ByteMatchStatement"] | {"New": 1}}), "New"),
        (rule(LOGIN) | {"Action": {"Block": {"CustomResponse": {}}}}, "CustomResponse"),
        (rule(LOGIN) | {"CaptchaConfig": {}}, "CaptchaConfig"),
        (
            rate(0) | {"Statement": rated(AggregateKeyType="FORWARDED_IP")},
            "AggregateKeyType FORWARDED_IP",
        ),
        (rate(0) | {"Statement": rated(CustomKeys=[])}, "CustomKeys"),
        (managed(COMMON, ManagedRuleGroupConfigs=[]), "ManagedRuleGroupConfigs"),
        (managed(COMMON, RuleActionOverrides=[{"Name": "Newest_BODY"}]), "Newest_BODY"),
        (rule(bytes_match("x", {"UriPath": {}}, "EXACTLY", ("HEX_DECODE",))), "HEX_DECODE"),
        (managed("AWSManagedRulesSQLiRuleSet"), "AWSManagedRulesSQLiRuleSet"),
        (managed("Theirs", VendorName="Fortinet"), "Fortinet:Theirs"),
        (managed(COMMON, ScopeDownStatement=COUNTRIES), "GeoMatchStatement"),
    ],
)
def test_a_rule_that_is_not_understood_has_no_effect_and_is_named(unknown, named):
    firewall = web_acl(unknown)

    assert list(firewall.not_evaluated.values()) == [named]
    assert firewall.judge(request(headers=(), path="/login")).action == "ALLOW"


def test_the_ledger_calls_a_web_acl_recorded_when_it_does_not_understand_a_rule():
    found = deployed.of_web_acl({"Name": "acl", "DefaultAction": {}, "Rules": [rule(COUNTRIES)]})

    assert found.verdict == Verdict.RECORDED
    assert "GeoMatchStatement of rule Own" in found.note


def test_the_ledger_calls_a_web_acl_enforced_when_it_understands_every_rule():
    found = deployed.of_web_acl({"Name": "acl", "DefaultAction": {}, "Rules": [rule(LOGIN)]})

    assert found.verdict == Verdict.ENFORCED


def test_the_ledger_calls_a_web_acl_of_the_cdn_recorded():
    arn = "arn:aws:wafv2:us-east-1:000000000000:global/webacl/acl/1"

    assert deployed.of_web_acl({"Name": "acl", "ARN": arn}).verdict == Verdict.RECORDED


def test_a_templates_search_string_is_kept_as_the_api_has_it():
    kept = as_api({"Rules": [{"ByteMatchStatement": {"SearchString": "/login"}}]})

    assert kept == {"Rules": [{"ByteMatchStatement": {"SearchString": "L2xvZ2lu"}}]}
