"""What every protocol needs to serve screenings, and nothing of HTTP."""
