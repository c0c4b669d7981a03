"""HTTP: requests and answers; images are left to `Screener`."""
