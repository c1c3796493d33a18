"""The steps that make a Lambda package; `lib.packaging.package` puts them together."""
