"""Secure building blocks, one public class per file."""
