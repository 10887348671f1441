"""Packaged studies: one TOML each."""
