"""Rotates the application's secret."""
