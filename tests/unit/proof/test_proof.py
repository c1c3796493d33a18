"""The proof finds what is granted for nothing, what is missing, and what proves nothing."""

# pylint: disable=invalid-name,unused-argument  # botocore's own names

import json

import pytest
from botocore.exceptions import ClientError

from tests.proof import page
from tests.proof.consents import Consent, Consents, given
from tests.proof.decisions import Decision, Record
from tests.proof.denials import Denial, denied, deny
from tests.proof.denials import gaps as undenied
from tests.proof.engine import gaps
from tests.proof.rights import KINDS, UNTRIED, Right, granted, untried
from tests.proof.taken import without

RIGHT = Right("TapStack", "ApiRole", "Items", "dynamodb:GetItem", "Items")
TRACES = Right("TapStack", "ApiRole", "WriteTraces", "xray:PutTraceSegments", "*")


def known(*, failed="", rights=(RIGHT.key,), refused=True, possible=()):
    return {
        "used": {"read an item": {"failed": failed, "rights": list(rights)}},
        "needed": {RIGHT.key: {"by": "read an item", "fails": True, "refused": refused}},
        "bounded": {"TapStack": {"ApiRole": list(possible)}},
    }


def test_what_is_used_needed_and_bounded_has_no_gap():
    assert gaps([RIGHT], known()) == []


def test_a_right_granted_for_nothing_is_a_gap():
    other = Right("TapStack", "ApiRole", "Items", "dynamodb:Query", "Items")

    assert gaps([RIGHT, other], known()) == [f"{other.key} is granted and nothing uses it"]


def test_an_operation_that_fails_is_a_gap():
    assert gaps([RIGHT], known(failed="403")) == ["read an item failed: 403"]


def test_an_operation_that_does_not_use_what_it_says_is_a_gap():
    [gap] = gaps([RIGHT], known(refused=False))

    assert gap == f"{RIGHT.key} was taken away and nothing was refused"


def test_a_dangerous_call_that_was_possible_is_a_gap():
    assert gaps([RIGHT], known(possible=["iam:create_user"])) == [
        "TapStack ApiRole may call iam:create_user"
    ]


CONSENT = Consent("TapStack", "Topic", "Alarms", "sns.amazonaws.com", ("sns:Publish",), "P", 0)


def test_a_consent_that_nothing_uses_is_a_gap_and_one_that_is_needed_is_none():
    unused = known() | {"consents": {}}
    needed = known() | {"consents": {CONSENT.key: {"by": "ring", "fails": True, "refused": True}}}
    needed["used"]["ring"] = {"failed": "", "rights": [], "consents": [CONSENT.key]}

    assert gaps([CONSENT], unused) == [f"{CONSENT.key} is granted and nothing uses it"]
    assert not gaps([CONSENT], needed)


def test_a_consent_that_was_taken_away_is_put_back_by_the_next_proof(tmp_path):
    class Topics:
        policy = json.dumps({"Statement": [{"Sid": "Alarms"}, {"Sid": "Others"}]})

        def get_topic_attributes(self, TopicArn):  # noqa: N803  botocore's names
            return {"Attributes": {"Policy": self.policy}}

        def set_topic_attributes(self, TopicArn, AttributeName, AttributeValue):  # noqa: N803
            self.policy = AttributeValue

    topics = Topics()
    before = topics.policy
    taken = Consents(lambda _: topics, tmp_path / "taken.json").without(
        CONSENT, "AWS::SNS::TopicPolicy", "topic", "Alarms"
    )
    taken.__enter__()
    assert json.loads(topics.policy) == {"Statement": [{"Sid": "Others"}]}

    Consents(lambda _: topics, tmp_path / "taken.json").put_back()  # the first was killed

    assert topics.policy == before
    assert not (tmp_path / "taken.json").exists()


DENIAL = Denial("TapStack", "Logs", "NothingGoes", "nobody", ("s3:DeleteObject",), "P", 0)


def test_a_denial_that_refuses_nothing_or_is_not_tried_is_a_gap():
    gap = f"{DENIAL.key} denies nothing that was tried"

    assert undenied([DENIAL], {}) == [gap]
    assert undenied([DENIAL], {DENIAL.key: {"refused": False}}) == [gap]
    assert undenied([DENIAL], {DENIAL.key: {"refused": True}}) == []


@pytest.mark.parametrize(
    ("with_it", "without_it", "refused"),
    [("AccessDenied", "", True), ("", "", False), ("AccessDenied", "AccessDenied", False)],
)
def test_a_denial_is_proven_when_it_alone_refuses(tmp_path, with_it, without_it, refused):
    s3 = Bucket({"NothingGoes": with_it, "Nothing": without_it})

    place = ("AWS::S3::BucketPolicy", "logs", "NothingGoes")
    found = deny(DENIAL, "logs", place, Consents(lambda _: s3, tmp_path / "taken.json"), s3)

    assert found["refused"] is refused
    assert s3.policy == Bucket.policy


class Bucket:
    """A bucket: what each statement of its policy answers to a deletion."""

    policy = json.dumps({"Statement": [{"Sid": "NothingGoes"}]})

    def __init__(self, answers):
        self.answers = answers

    def get_bucket_policy(self, Bucket):  # noqa: N803
        return {"Policy": self.policy}

    def put_bucket_policy(self, Bucket, Policy):  # noqa: N803
        self.policy = Policy

    def put_object(self, **_):
        pass

    def list_object_versions(self, **_):
        return {"Versions": [{"VersionId": "1"}]}

    def delete_object(self, **_):
        code = self.answers["NothingGoes" if "NothingGoes" in self.policy else "Nothing"]
        if code:
            raise ClientError({"Error": {"Code": code}}, "DeleteObject")


def test_a_policys_denials_are_found_with_the_condition_by_which_they_deny():
    allow = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "s3:*"}
    in_clear = {"Bool": {"aws:SecureTransport": "false"}}
    deny_clear = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": in_clear}
    deny_all = {"Sid": "NothingGoes", "Effect": "Deny", "Principal": "*", "Action": "s3:Delete*"}
    document = {"Statement": [allow, deny_clear, deny_all]}
    made = {"Bucket": {"Ref": "Logs"}, "PolicyDocument": document}
    template = {"Resources": {"P": {"Type": "AWS::S3::BucketPolicy", "Properties": made}}}

    found = denied("TapStack", template)

    assert [(each.statement, each.place, each.only_if) for each in found] == [
        ("NothingGoes", 2, ""),
        ("aws:SecureTransport", 1, "aws:SecureTransport"),
    ]
    assert [each.statement for each in found if not each.recorded_only] == ["NothingGoes"]
    assert given("TapStack", template, "dev")[0].place == 0


@pytest.mark.parametrize(
    ("principal", "action", "of"),
    [
        ("sns.amazonaws.com", "sns:Publish", True),
        ("sqs.amazonaws.com", "sns:Publish", False),
        ("sns.amazonaws.com", "sns:Subscribe", False),
    ],
)
def test_a_decision_is_of_a_consent_when_its_service_asks_for_its_action(principal, action, of):
    asked = Decision(principal, action, "*", allowed=True, statement="Alarms", by="resource")

    assert CONSENT.answers(asked, "us-east-1", allowed=True) is of
    assert not CONSENT.answers(asked, "us-east-1", allowed=False)


def test_what_is_recorded_only_is_never_shown_as_proven():
    shown = page.render([TRACES], [], known())

    assert "recorded only" in shown
    assert gaps([TRACES], known()) == []


def test_an_action_is_taken_from_its_statement_and_from_no_other():
    both = {"Sid": "A", "Action": ["s3:GetObject", "s3:PutObject"]}
    same = {"Sid": "B", "Action": "s3:GetObject"}

    assert without({"Statement": [both, same]}, "A", "s3:GetObject") == {
        "Statement": [{"Sid": "A", "Action": ["s3:PutObject"]}, same]
    }
    assert without({"Statement": [both, same]}, "B", "s3:GetObject") == {"Statement": [both]}


def test_what_no_statement_grants_cannot_be_taken_away():
    with pytest.raises(AssertionError):
        without({"Statement": []}, "A", "s3:GetObject")


def test_half_a_line_of_the_record_is_left_for_the_next_reader(tmp_path):
    line = (
        '{"principal": "arn:aws:sts::0:assumed-role/r/f", "action": "s3:GetObject", "resource": '
        '"*", "allowed": true, "statement": "A", "by": "identity"}\n'
    )
    path = tmp_path / "decisions"
    path.write_text(line + line[:20], "utf-8")

    [decision] = Record(path).since(0)

    assert decision.role == "r"


def test_every_granted_action_has_a_row_in_the_proof_and_no_row_is_of_another(dev, prod):
    templates = {kind: dev.other(kind).template for kind in KINDS}
    rights = [right for kind in KINDS for right in granted(kind, templates[kind])]
    consents = [each for kind in KINDS for each in given(kind, templates[kind], "dev")]
    wanted = {(right.stack, *page.row_of(right)) for right in rights}
    # Where data is kept, as in the proof, more is denied.
    denials = [each for kind in KINDS for each in denied(kind, prod.other(kind).template)]
    wanted |= {(each.stack, *page.row_of_consent(each)) for each in [*consents, *denials]}

    assert wanted == set(page.rows(page.PAGE.read_text("utf-8")))


def test_every_role_is_tried_or_the_page_says_why_not(dev, prod):
    templates = [stage.other(kind).template for stage in (dev, prod) for kind in KINDS]
    text = page.PAGE.read_text("utf-8")

    assert set().union(*map(untried, templates)) == UNTRIED.keys()
    assert all(f"- `{service}`: {why}\n" in text for service, why in UNTRIED.items())


def test_nothing_in_the_proof_is_unproven():
    assert "not proven" not in page.PAGE.read_text("utf-8").partition("\n## ")[2]
