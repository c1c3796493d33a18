"""Parts of DeliveryStack, and its settings."""
