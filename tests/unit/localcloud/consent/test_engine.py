"""The examples of AWS's pages on policy evaluation and key policies, put to the one engine."""

import json

import pytest
from ministack.core.iam_evaluator import PrincipalInfo, parse_policy_document
from ministack.services import kms

from localcloud.cloud import ACCOUNT
from localcloud.consent.engine import Service, ask
from localcloud.consent.keys import ask_key

KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"
ALARM = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:a"
ACCOUNT_ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
ROLE = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/app"}
CLOUDWATCH = {"Service": "cloudwatch.amazonaws.com"}


def allow(*actions, effect="Allow", principal=None, **condition):
    found = {"Effect": effect, "Action": list(actions), "Resource": "*"}
    if principal:
        found["Principal"] = principal
    if condition:
        found["Condition"] = condition
    return found


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def app(*statements, boundary=()):
    """A session of the role `app` with these statements, and as its boundary those."""
    limits = [[parse_policy_document(document(*boundary))]] if boundary else []
    return PrincipalInfo(
        arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/app/session",
        type="AssumedRole",
        account=ACCOUNT,
        policies=[parse_policy_document(document(*statements))],
        limits=limits,
    )


@pytest.fixture
def key():
    """Makes the key, with a policy of the given statements, in a state."""
    kms._keys.clear()
    kms._grants.clear()

    def make(*statements, state="Enabled"):
        record = {"KeyId": "k", "Arn": KEY, "KeyState": state}
        kms._keys["k"] = record | {"Policy": json.dumps(document(*statements))}

    yield make
    kms._keys.clear()
    kms._grants.clear()


def decrypt(who, **more):
    return ask_key(who, KEY, ["kms:Decrypt"], **more)


def test_a_key_that_delegates_to_the_account_leaves_the_decision_to_iam(key):
    key(allow("kms:*", principal=ACCOUNT_ROOT))

    assert decrypt(app(allow("kms:Decrypt"))) is None
    assert decrypt(app(allow("kms:Encrypt"))).message == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/app/session is not authorized to perform: "
        f"kms:Decrypt on resource: {KEY} "
        "because no identity-based policy allows the kms:Decrypt action"
    )


def test_a_key_that_does_not_delegate_refuses_whom_iam_allows(key):
    key(allow("kms:PutKeyPolicy", principal=ACCOUNT_ROOT))

    refused = decrypt(app(allow("kms:*")))

    assert "because no resource-based policy allows the kms:Decrypt action" in refused.message


def test_a_key_that_names_a_role_needs_nothing_of_iam(key):
    key(allow("kms:Decrypt", principal=ROLE))

    assert decrypt(app()) is None


def test_the_root_user_needs_the_keys_consent_too(key):
    root = PrincipalInfo(f"arn:aws:iam::{ACCOUNT}:root", "Root", ACCOUNT, None)

    key(allow("kms:*", principal=ACCOUNT_ROOT))
    assert decrypt(root) is None
    key(allow("kms:*", principal=ROLE))
    assert decrypt(root)


@pytest.mark.parametrize(
    ("of_key", "of_role", "kind"),
    [
        ([allow("kms:*", principal="*", effect="Deny")], [], "a resource-based"),
        ([], [allow("kms:*", effect="Deny")], "an identity-based"),
    ],
)
def test_an_explicit_deny_anywhere_wins(key, of_key, of_role, kind):
    key(allow("kms:*", principal=ACCOUNT_ROOT), allow("kms:*", principal=ROLE), *of_key)

    refused = decrypt(app(allow("kms:*"), *of_role))

    assert refused.message.endswith(f"with an explicit deny in {kind} policy")


def test_a_permissions_boundary_limits_what_iam_allows(key):
    key(allow("kms:*", principal=ACCOUNT_ROOT))

    assert decrypt(app(allow("kms:*"), boundary=[allow("s3:*")]))
    assert decrypt(app(allow("kms:*"), boundary=[allow("kms:Decrypt")])) is None


@pytest.mark.parametrize(
    ("name", "value", "asked"),
    [
        ("kms:ViaService", "sqs.us-east-1.amazonaws.com", {"via": "sqs"}),
        ("kms:CallerAccount", ACCOUNT, {}),
        (
            "kms:EncryptionContext:aws:sqs:arn",
            QUEUE,
            {"encryption_context": {"aws:sqs:arn": QUEUE}},
        ),
        ("aws:PrincipalIsAWSService", "false", {}),
    ],
)
def test_conditions_on_how_the_key_is_used_are_held_against_the_use(key, name, value, asked):
    key(allow("kms:*", principal=ACCOUNT_ROOT))

    assert decrypt(app(allow("kms:*", StringEquals={name: value})), **asked) is None
    assert decrypt(app(allow("kms:*", StringEquals={name: "another"})), **asked)


def test_a_service_needs_a_statement_that_names_it(key):
    key(allow("kms:*", principal=ACCOUNT_ROOT))
    assert decrypt(Service("cloudwatch.amazonaws.com", ALARM))

    key(allow("kms:Decrypt", principal=CLOUDWATCH))
    assert decrypt(Service("cloudwatch.amazonaws.com", ALARM)) is None
    assert decrypt(Service("events.amazonaws.com", ALARM))
    assert decrypt(app(allow("kms:*")))


@pytest.mark.parametrize(
    ("condition", "source"),
    [
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:*:{ACCOUNT}:alarm:*"}}, "Arn"),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, "Account"),
    ],
)
def test_a_service_acts_only_for_the_source_that_the_policy_names(condition, source):
    policy = document(allow("sqs:SendMessage", principal=CLOUDWATCH, **condition))
    alarm = Service("cloudwatch.amazonaws.com", ALARM)
    others = {
        "Arn": Service("cloudwatch.amazonaws.com", ALARM.replace(ACCOUNT, "111122223333")),
        "Account": Service("cloudwatch.amazonaws.com", ALARM, "111122223333"),
    }

    assert ask(alarm, "sqs:SendMessage", QUEUE, policy) is None
    assert ask(others[source], "sqs:SendMessage", QUEUE, policy)


def test_a_deny_to_all_but_services_leaves_services_alone():
    principals = {"Bool": {"aws:PrincipalIsAWSService": "false"}}
    policy = document(
        allow("sqs:SendMessage", principal=CLOUDWATCH),
        allow("sqs:*", effect="Deny", principal="*", **principals),
    )

    assert ask(Service("cloudwatch.amazonaws.com", ALARM), "sqs:SendMessage", QUEUE, policy) is None
    assert ask(app(allow("sqs:*")), "sqs:SendMessage", QUEUE, policy)


def test_within_an_account_either_side_suffices_for_what_is_no_key():
    named = document(allow("sqs:SendMessage", principal=ROLE))

    assert ask(app(allow("sqs:*")), "sqs:SendMessage", QUEUE, "") is None
    assert ask(app(), "sqs:SendMessage", QUEUE, named) is None
    assert ask(app(), "sqs:SendMessage", QUEUE, "")
    assert ask(app(), "sqs:SendMessage", QUEUE, "not a policy")


@pytest.mark.parametrize(
    ("grant", "suffices"),
    [
        ({}, True),
        ({"Operations": ["Encrypt"]}, False),
        ({"GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:role/another"}, False),
        ({"KeyId": "another"}, False),
        ({"Constraints": {"EncryptionContextSubset": {"a": "1"}}}, True),
        ({"Constraints": {"EncryptionContextSubset": {"a": "2"}}}, False),
        ({"Constraints": {"EncryptionContextEquals": {"a": "1", "b": "2"}}}, True),
        ({"Constraints": {"EncryptionContextEquals": {"a": "1"}}}, False),
    ],
)
def test_a_grant_lets_its_grantee_within_its_constraints(key, grant, suffices):
    key()
    given = {"KeyId": KEY, "GranteePrincipal": ROLE["AWS"], "Operations": ["Decrypt"]}
    kms._grants["g"] = given | grant

    refused = decrypt(app(), encryption_context={"a": "1", "b": "2"})

    assert (refused is None) is suffices


def test_an_explicit_deny_wins_over_a_grant(key):
    key(allow("kms:*", principal="*", effect="Deny"))
    kms._grants["g"] = {"KeyId": KEY, "GranteePrincipal": ROLE["AWS"], "Operations": ["Decrypt"]}

    assert decrypt(app())


@pytest.mark.parametrize(
    ("state", "code", "message"),
    [
        ("Disabled", "DisabledException", f"{KEY} is disabled."),
        ("PendingDeletion", "KMSInvalidStateException", f"{KEY} is pending deletion."),
    ],
)
def test_a_key_in_a_wrong_state_refuses_whom_its_policy_lets(key, state, code, message):
    key(allow("kms:*", principal=ACCOUNT_ROOT), state=state)

    refused = decrypt(app(allow("kms:*")))

    assert (refused.code, refused.message) == (code, message)


def test_a_changed_policy_is_asked_at_once(key):
    key(allow("kms:*", principal=ACCOUNT_ROOT))
    assert decrypt(app(allow("kms:*"))) is None

    key()

    assert decrypt(app(allow("kms:*")))


def test_a_key_of_awss_own_consents(key):
    key()

    assert ask_key(app(), "alias/aws/sqs", ["kms:Decrypt"]) is None
