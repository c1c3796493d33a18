"""The steps that make a Lambda package; `lib.packages` puts them together."""
