"""`tap publish`: put the store's page behind its CDN."""

from cli import project, store, targets
from cli.console import step, talk
from cli.options import Aws, Context, Home, Yes


def publish(aws: Aws = False, yes: Yes = False, context: Context = None, home: Home = None) -> None:
    """Sync web/store/ to the assets bucket and invalidate the CDN; safe to repeat."""
    target = targets.find(home, aws=aws, context=context)
    stack = target.stack(project.STORE)
    target.confirm(f"publish {stack.name}", yes=yes)
    with step("Publishing the store's page", "The store's page is published"):
        count = store.publish(target.clients, stack.outputs)
    talk.print(f"{count} files at {target.address('store')}/", style="dim")
