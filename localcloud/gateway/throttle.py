"""Token bucket, by which API Gateway throttles."""

from dataclasses import dataclass


@dataclass
class TokenBucket:
    """`burst` tokens, refilled at `rate` a second."""

    rate: float
    burst: float
    tokens: float = -1.0
    at: float = 0.0

    def take(self, now: float) -> bool:
        """Take a token at the time `now` (seconds); False when none is left."""
        if self.tokens < 0:
            self.tokens = self.burst
        else:
            self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True
