"""What a store's CDN needs in us-east-1, and how the store takes it from there."""

from tap import build_app
from tests.unit.conftest import CERTIFICATE, WEB_ACL
from tests.unit.lib.store.test_cdn import distribution
from tests.unit.synthesized import SynthesizedStack, context


def test_the_web_acl_is_for_a_cdn_and_logs_no_keys_of_orders(edge: SynthesizedStack) -> None:
    acl = edge.properties("AWS::WAFv2::WebACL")
    logging = edge.properties("AWS::WAFv2::LoggingConfiguration")

    assert acl["Scope"] == "CLOUDFRONT"
    assert [each["Priority"] for each in acl["Rules"]] == [0, 1, 2, 3]
    names = {each["SingleHeader"]["Name"] for each in logging["RedactedFields"]}
    assert "idempotency-key" in names


def test_it_goes_to_us_east_1_wherever_the_deployment_goes(edge: SynthesizedStack) -> None:
    assert edge.artifact["environment"] == "aws://unknown-account/us-east-1"


def test_the_certificate_is_of_the_stores_own_host_name(edge: SynthesizedStack) -> None:
    certificate = edge.properties("AWS::CertificateManager::Certificate")

    assert certificate["DomainName"] == "shop.example.com"
    assert certificate["ValidationMethod"] == "DNS"


def test_a_store_without_a_host_name_of_its_own_has_no_certificate() -> None:
    app = build_app(context=context(edge="true"), builtin_cloud_formation_validation=False)

    (stack,) = app.node.children
    assert stack.node.try_find_child("Firewall")
    assert stack.node.try_find_child("Certificate") is None


def test_its_outputs_are_settings_of_the_store(
    edge: SynthesizedStack, store: SynthesizedStack, store_prod: SynthesizedStack
) -> None:
    told = {name: each["Description"] for name, each in edge.template["Outputs"].items()}

    assert told == {
        "WebAclArn": "The store's storeWebAclArn",
        "CertificateArn": "The store's storeCertificateArn",
    }
    assert distribution(store_prod)["WebACLId"] == WEB_ACL
    assert distribution(store_prod)["ViewerCertificate"]["AcmCertificateArn"] == CERTIFICATE
    assert "WebACLId" not in distribution(store)


def test_nothing_else_is_deployed_with_it(edge: SynthesizedStack) -> None:
    assert [each.name for each in edge.assembly.glob("*.template.json")] == [
        "EdgeStackprod.template.json"
    ]
