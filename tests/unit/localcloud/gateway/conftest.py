"""The emulator as it is installed, and patched for one test."""

from tests.unit.localcloud.engine.conftest import emulator, patch

__all__ = ["emulator", "patch"]
