import pytest
from aws_cdk import App
from aws_cdk.assertions import Template

from lib.context import SettingError
from lib.partner.settings import PartnerSettings
from lib.partner_api_stack import PartnerApiStack


def resolve(**context: object) -> PartnerSettings:
    return PartnerSettings.resolve(App(context=context).node)


def test_the_smallest_plan_is_the_default() -> None:
    assert resolve() == PartnerSettings(requests_per_second=1_000, requests_per_day=10_000)
    assert resolve(partnerPlan="") == resolve()


@pytest.mark.parametrize(
    ("plan", "quota"),
    [("small", 10_000), ("standard", 1_000_000), ("full", 86_400_000), ("Full", 86_400_000)],
)
def test_a_partners_plan_sizes_the_daily_quota(plan: str, quota: int) -> None:
    assert resolve(partnerPlan=plan).requests_per_day == quota


def test_a_plan_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(SettingError) as refusal:
        resolve(partnerPlan="endless")

    assert str(refusal.value) == (
        "partnerPlan: 'endless' is not known: use one of small, standard, full"
    )


def test_given_settings_size_the_plan_and_bound_all_keys_together() -> None:
    settings = PartnerSettings(requests_per_second=7, requests_per_day=70)

    app = App(builtin_cloud_formation_validation=False)
    template = Template.from_stack(PartnerApiStack(app, "Partner", settings=settings))

    template.has_resource_properties(
        "AWS::ApiGateway::UsagePlan",
        {
            "Quota": {"Limit": 70, "Period": "DAY"},
            "Throttle": {"RateLimit": 7, "BurstLimit": 14},
        },
    )
    (stage,) = template.find_resources("AWS::ApiGateway::Stage").values()
    (every,) = stage["Properties"]["MethodSettings"]
    assert (every["ThrottlingRateLimit"], every["ThrottlingBurstLimit"]) == (7, 14)
