"""Pylint plugin: the CDK's modules are not read, which took most of pylint's time.

`aws_cdk.aws_ec2` alone is 7.7 MB of generated Python, and each of pylint's processes reads it anew.
mypy checks what is taken from these modules, and pylint has nothing to say of it.
"""

from typing import Any

from astroid.exceptions import AstroidImportError
from astroid.manager import AstroidManager
from pylint.lint import PyLinter

_GENERATED = ("aws_cdk", "cdk_nag", "constructs")


def register(_linter: PyLinter) -> None:
    """Let what these modules hold be unknown; `ignored-modules` says that they are there."""
    read = AstroidManager.ast_from_module_name

    def unless_generated(
        self: AstroidManager, modname: str | None, *rest: Any, **named: Any
    ) -> Any:
        if modname and modname.partition(".")[0] in _GENERATED:
            raise AstroidImportError("{modname} is not read", modname=modname)
        return read(self, modname, *rest, **named)

    AstroidManager.ast_from_module_name = unless_generated
