"""`tap publish`: put the store's page behind its CDN."""

from cli import store
from cli.commands.options import Aws, Context, Home, Yes, running_cloud
from cli.commands.targets import store_target
from cli.console import step, talk


def publish(aws: Aws = False, yes: Yes = False, context: Context = (), home: Home = None) -> None:
    """Sync web/store/ to the assets bucket and invalidate the CDN; safe to repeat."""
    clients, outputs = store_target(home, aws=aws, yes=yes, context=context, what="publish")
    with step("Publishing the store's page", "The store's page is published"):
        count = store.publish(clients, outputs)
    # CloudFront's name leads nowhere on this machine: here the front door is the way to the CDN.
    address = outputs["StoreUrl"] if aws else running_cloud(home).front_door
    talk.print(f"{count} files at {address}/", style="dim")
