"""The map's page in a real browser: Chromium of the system, offline."""
