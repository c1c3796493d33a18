"""The proof finds what is granted for nothing, what is missing, and what proves nothing."""

# pylint: disable=invalid-name,unused-argument  # botocore's own names

import json

import pytest

from tests.proof import page
from tests.proof.consents import Consent, Consents, given
from tests.proof.decisions import Decision, Record
from tests.proof.engine import gaps
from tests.proof.rights import KINDS, Right, granted
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


def test_every_granted_action_has_a_row_in_the_proof_and_no_row_is_of_another(dev):
    templates = {kind: dev.other(kind).template for kind in KINDS}
    rights = [right for kind in KINDS for right in granted(kind, templates[kind])]
    consents = [each for kind in KINDS for each in given(kind, templates[kind], "dev")]
    wanted = {(right.stack, *page.row_of(right)) for right in rights}
    wanted |= {(each.stack, *page.row_of_consent(each)) for each in consents}

    assert wanted == set(page.rows(page.PAGE.read_text("utf-8")))


def test_nothing_in_the_proof_is_unproven():
    assert "not proven" not in page.PAGE.read_text("utf-8").partition("\n## ")[2]
