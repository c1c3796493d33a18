"""The pages of docs/reference/ that are made of the code that they are about."""
