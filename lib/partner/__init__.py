"""Parts of the partner API, PartnerApiStack."""
