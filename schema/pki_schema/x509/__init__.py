"""X.509 without effects: names, algorithms, object identifiers, DER. Nothing here knows YAML."""
