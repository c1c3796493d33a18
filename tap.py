"""The CDK app: what is deployed. `cdk synth` and `cdk deploy` run it; it asks AWS for nothing."""

import sys
from typing import Any

from aws_cdk import App, Tags

from lib.ecommerce_stack import EcommerceStack
from lib.environment import Environment, SettingError
from lib.packages import PackageError
from lib.partner_api_stack import PartnerApiStack
from lib.tap_stack import TapStack, TapStackProps


def build_app(**app_props: Any) -> App:
    """Define every stack.

    Args:
        **app_props: Any of `AppProps`, such as `outdir` or `context`.

    Raises:
        SettingError: A setting would fail at deployment or be unsafe.
        PackageError: A function's package cannot be built.
    """
    app = App(**app_props)
    environment = Environment.resolve(app.node)
    for name, value in environment.tags.items():
        Tags.of(app).add(name, value)

    TapStack(
        app,
        f"TapStack{environment.suffix}",
        TapStackProps(environment_suffix=environment.suffix, tags=environment.tags),
    )
    PartnerApiStack(
        app,
        f"PartnerApiStack{environment.suffix}",
        environment=environment,
        tags=environment.tags,
    )
    EcommerceStack(
        app,
        f"EcommerceStack{environment.suffix}",
        environment_suffix=environment.suffix,
        tags=environment.tags,
    )
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
