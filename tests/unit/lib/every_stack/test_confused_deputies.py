"""AWS's services act for this account only, whoever asks them to."""

from dataclasses import replace

from tests.unit.lib.policies import (
    ACCOUNT,
    Request,
    admits,
    listed,
    policies,
    resolved,
    satisfying,
)
from tests.unit.synthesized import SynthesizedStack

STRANGER = "999988887777"


def test_no_resource_lets_a_service_act_for_another_account(stack: SynthesizedStack) -> None:
    checked = 0
    for holder, statements in policies(stack.template):
        for each in statements:
            principal = each["Principal"]
            services = listed(principal.get("Service", [])) if principal != "*" else []
            for service in services if each["Effect"] == "Allow" else []:
                context = satisfying(each)
                theirs = {key: value.replace(ACCOUNT, STRANGER) for key, value in context.items()}
                action, resource = listed(each["Action"])[0], listed(each["Resource"])[0]

                asks = Request(service, action, resource, context)
                assert admits([each], asks), (holder, each)
                assert not admits([each], replace(asks, context=theirs)), (holder, each)
                checked += 1
    assert checked >= 3  # logs and alarms use the key, alarms the topic


def test_no_function_can_be_called_by_a_service_for_another_account(
    stack: SynthesizedStack,
) -> None:
    for name, each in stack.all("AWS::Lambda::Permission").items():
        permission = resolved(each["Properties"])

        source = permission.get("SourceAccount") or permission["SourceArn"]
        assert ACCOUNT in source, name
