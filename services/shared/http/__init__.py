"""Requests, answers and errors of the HTTP APIs."""
