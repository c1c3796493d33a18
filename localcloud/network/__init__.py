"""Network of the deployed VPCs: which connection may be opened, and where it leads."""
