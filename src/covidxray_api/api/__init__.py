"""The HTTP door: it knows requests and answers, and leaves films to `Screener`."""
