"""The parts of the generated mountain municipality; `municipality.py` puts them together."""
