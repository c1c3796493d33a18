"""From the audit queue to the audit trail in the logs bucket."""
