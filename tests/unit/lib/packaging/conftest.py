"""Checkouts and packages that several tests look at; what is slow is built once."""

from pathlib import Path

import pytest

from lib.packaging.package import Package
from tests.unit.lib.packaging.checkout import REAL_SERVICES, REPOSITORY, Checkout


@pytest.fixture(name="checkout")
def make_checkout(tmp_path: Path) -> Checkout:
    """A checkout with no service and no distribution."""
    return Checkout(tmp_path / "checkout")


@pytest.fixture(name="locked_checkout")
def make_locked_checkout(checkout: Checkout, real_checkout: Checkout) -> Checkout:
    """A checkout with the real distributions, which need not be compiled again."""
    parts = ".build/packages/parts"
    (checkout.root / ".build/packages").mkdir()
    (real_checkout.root / parts).mkdir(parents=True, exist_ok=True)
    (checkout.root / parts).symlink_to(real_checkout.root / parts)
    return checkout.with_locked_distributions()


@pytest.fixture(name="real_checkout", scope="session")
def make_real_checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """This project's services and their distributions, nothing of them built yet."""
    root = tmp_path_factory.mktemp("real")
    return Checkout(root).with_locked_distributions().with_services_of(REPOSITORY)


@pytest.fixture(name="real_packages", scope="session")
def make_real_packages(real_checkout: Checkout) -> dict[str, Package]:
    """The packages of this project's services."""
    return {service: real_checkout.build(service) for service in REAL_SERVICES}
