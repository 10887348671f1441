"""Readers of everything a study brings; the only place that reads."""
