"""Stands in until the service is written."""
