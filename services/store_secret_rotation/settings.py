"""Settings of the function that rotates the store's database password."""

from services.shared.rotation import Settings

__all__ = ["Settings"]
