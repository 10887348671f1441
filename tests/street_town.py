"""The study of a town on one street, solved by hand: its files are what a test writes."""

STUDY = """\
name = "town"
boundary = "boundary.geojson"
compare = []
[network]
file = "streets.osm"
[facilities]
file = "facilities.csv"
datum = "wgs84"
[population]
file = "homes.csv"
"""
