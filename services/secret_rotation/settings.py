"""Settings of the function that rotates the application's secret."""

from services.shared.rotation import Settings

__all__ = ["Settings"]
