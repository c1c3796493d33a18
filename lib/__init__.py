"""The infrastructure: what runs at synthesis and never in a function."""
