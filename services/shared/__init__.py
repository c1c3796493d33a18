"""What every function needs: errors, the answer's envelope, AWS clients, logs and metrics."""
