"""Web ACLs of templates: texts as AWS's API tells them, and only what is evaluated here.

Changes: A deployed web ACL keeps the texts that it searches for in base64, which a template may say
    or leave to the service. One of which a part is not evaluated is refused, by the part's name; so
    are sets and groups of one's own.
Original: They are kept as the template says, and a client that reads the web ACL fails to decode.
    Any rule is accepted, and none has an effect.
Fault: the emulator's; CloudFormation's handler of `AWS::WAFv2::WebACL` would encode `SearchString`
    in base64, and take `SearchStringBase64` as it is.
Ours: what cannot be evaluated here is refused.
AWS: https://docs.aws.amazon.com/waf/latest/APIReference/API_ByteMatchStatement.html
"""

import base64
from functools import partial
from typing import Any

from localcloud.cloud import Cloud
from localcloud.engine.handlers import Deploy, Deployed, Properties, add_type, wrap_deployment
from localcloud.gateway.firewall import Firewall

_REFUSED = ("AWS::WAFv2::IPSet", "AWS::WAFv2::RegexPatternSet", "AWS::WAFv2::RuleGroup")


def install(_cloud: Cloud) -> None:
    """Keep the texts of deployed web ACLs in base64, and refuse what has no effect here."""
    wrap_deployment("AWS::WAFv2::WebACL", _evaluated)
    for kind in _REFUSED:
        add_type(kind, partial(_refuse, kind))


def _refuse(part: str, *_: Any) -> Any:
    raise ValueError(f"the embedded cloud does not evaluate {part}")


def _evaluated(deploy: Deploy, properties: Properties, _name: str) -> Deployed:
    found = as_api(properties)
    for rule, part in Firewall(found).not_evaluated.items():
        _refuse(f"{part} of rule {rule}")
    return deploy(found)


def as_api(said: Any) -> Any:
    """A part of a template's web ACL as the API has it."""
    if isinstance(said, list):
        return [as_api(each) for each in said]
    if not isinstance(said, dict):
        return said
    found = {name: as_api(value) for name, value in said.items()}
    if "SearchStringBase64" in found:
        found["SearchString"] = found.pop("SearchStringBase64")
    elif isinstance(found.get("SearchString"), str):
        found["SearchString"] = base64.b64encode(found["SearchString"].encode()).decode()
    return found
