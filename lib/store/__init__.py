"""Parts of the store, EcommerceStack, and its settings."""
