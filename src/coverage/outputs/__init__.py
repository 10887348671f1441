"""Writers of everything a run leaves; the only place that writes."""
