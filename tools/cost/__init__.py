"""What the templates would cost on AWS: tables with their sources, and code that multiplies."""
