"""`python -m lib.packaging.package`, which `tap watch` runs."""

import runpy
import sys
from functools import partial

import pytest

from lib.packaging import package as packages
from lib.packaging.package import build_package
from tests.unit.lib.packaging.checkout import Checkout


@pytest.fixture(name="small", autouse=True)
def small_checkout(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A checkout with one service, in the place of this one."""
    monkeypatch.setattr(packages, "build_package", partial(build_package, root=checkout.root))
    return checkout.with_service("one")


def test_the_command_prints_where_each_package_lies(
    small: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    small.with_service("two")

    packages.main(["one", "two"])

    lies = "".join(f"{name} {small.build(name).path}\n" for name in ("one", "two"))
    assert capsys.readouterr().out == lies


def test_the_command_fails_in_one_line() -> None:
    with pytest.raises(SystemExit) as ended:
        packages.main(["tow"])

    assert str(ended.value.code).startswith("tow: no such service: 'tow'")


def test_a_package_that_cannot_be_built_keeps_no_other_from_being_built(
    small: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        packages.main(["tow", "one"])

    assert capsys.readouterr().out == f"one {small.build('one').path}\n"


def test_the_module_is_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["lib.packaging.package"])

    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(packages.__file__), run_name="__main__")

    assert ended.value.code == 2
    usage = "usage: python -m lib.packaging.package [-h] service [service ...]"
    assert usage in capsys.readouterr().err
