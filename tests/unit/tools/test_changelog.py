"""The notes of a release: what the changelog says of it."""

import pytest

from tools import changelog

PAGE = """# Changelog

## [Unreleased]

- not yet

## [1.2.0] - 2026-11-27

### Added
- One thing.

## [1.1.0] - 2026-10-01
"""


@pytest.mark.parametrize("version", ["1.2.0", "v1.2.0"])
def test_a_version_has_its_section_and_nothing_of_its_neighbours(version: str) -> None:
    assert changelog.section(PAGE, version) == "### Added\n- One thing.\n"


@pytest.mark.parametrize("version", ["1.1.0", "1.2", "2.0.0"])
def test_a_version_about_which_nothing_is_written_is_not_released(version: str) -> None:
    with pytest.raises(LookupError, match="write its section first"):
        changelog.section(PAGE, version)


def test_a_version_without_a_section_ends_with_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert changelog.main(["v99.0.0"]) == 1
    assert capsys.readouterr().err == (
        "error: CHANGELOG.md has nothing about 99.0.0: write its section first\n"
    )
