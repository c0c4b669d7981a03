"""Who may call: API keys, bearer tokens of an issuer, and what each allows."""
