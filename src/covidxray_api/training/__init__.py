"""Training and evaluation; the service never imports it."""
