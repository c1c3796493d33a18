"""A product's stack with nothing in it."""

from lib.product_stack import ProductStack


class Bare(ProductStack):
    """A stack with a key and settings, and nothing else."""

    DESCRIPTION = "bare"
    KEY_NAME = "bare"
