import pytest
from aws_cdk import App

from lib.context import SettingError
from lib.store.settings import StoreSettings
from tests.unit.conftest import CERTIFICATE, WEB_ACL


def resolve(**context: object) -> StoreSettings:
    return StoreSettings.resolve(App(context=context).node)


def test_settings_have_safe_and_cheap_defaults() -> None:
    assert resolve() == StoreSettings(
        zones=(),
        nat=None,
        database_instance=None,
        domain=None,
        certificate_arn=None,
        web_acl_arn=None,
    )


def test_given_settings_are_taken() -> None:
    assert resolve(
        availabilityZones=["us-east-1a", "us-east-1c", "us-east-1a"],
        natGateways="none",
        databaseInstance="r8g.2xlarge",
        storeDomain="shop.example.com",
        storeCertificateArn=CERTIFICATE,
        storeWebAclArn=WEB_ACL,
    ) == StoreSettings(
        zones=("us-east-1a", "us-east-1c"),
        nat="none",
        database_instance="r8g.2xlarge",
        domain="shop.example.com",
        certificate_arn=CERTIFICATE,
        web_acl_arn=WEB_ACL,
    )


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("availabilityZones", "us-east-1a", "at least two zones"),
        ("availabilityZones", "us-east-1a,us-east-1a", "at least two zones"),
        ("availabilityZones", "a,b", "at least two zones"),
        ("natGateways", "two", "one, regional, zone, none"),
        ("databaseInstance", "large", "t4g.small"),
        ("storeDomain", "https://shop.example.com", "shop.example.com"),
        ("storeCertificateArn", CERTIFICATE.replace("us-east-1", "eu-west-1"), "in us-east-1"),
        ("storeWebAclArn", "true", "an EdgeStack's output"),
        ("storeWebAclArn", WEB_ACL.replace("us-east-1", "eu-west-1"), "an EdgeStack's output"),
        ("storeWebAclArn", WEB_ACL.replace("global", "regional"), "an EdgeStack's output"),
    ],
)
def test_a_setting_that_would_fail_at_deployment_is_named_with_what_to_use(
    name: str, value: str, advice: str
) -> None:
    with pytest.raises(SettingError) as refusal:
        resolve(**{name: value})

    assert str(refusal.value).startswith(f"{name}: {value!r}")
    assert advice in str(refusal.value)


@pytest.mark.parametrize(
    "given", [{"storeDomain": "shop.example.com"}, {"storeCertificateArn": CERTIFICATE}]
)
def test_a_domain_and_its_certificate_are_given_together(given: dict[str, str]) -> None:
    with pytest.raises(SettingError, match="give both or neither"):
        resolve(**given)
