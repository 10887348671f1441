"""OpenStreetMap files, good and bad, and what may be walked."""

import gzip

import numpy as np
import pytest

from coverage.errors import Findings, InputError
from coverage.inputs.osm_file import read_streets
from coverage.inputs.walk_rules import TAGS, decide, osmnx_walk

NODES = "".join(
    f'<node id="{n}" version="1" lat="{29.5 + n / 1000}" lon="106.5"/>' for n in range(1, 7)
)


def way(number, refs, **tags):
    inner = "".join(f'<nd ref="{ref}"/>' for ref in refs)
    inner += "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
    return f'<way id="{number}" version="1">{inner}</way>'


@pytest.fixture
def osm(tmp_path):
    def write(*ways, nodes=NODES, name="streets.osm"):
        path = tmp_path / name
        body = nodes + "".join(ways)
        path.write_text(f'<?xml version="1.0"?><osm version="0.6">{body}</osm>', encoding="utf-8")
        return path

    return write


def read(path, rules="pedestrian", findings=None):
    return read_streets(path, rules=rules, findings=findings or Findings())


def test_ways_nodes_and_tags(osm):
    found = read(
        osm(way(8, [1, 2, 3], highway="steps", name="云梯"), way(9, [3, 4], highway="path"))
    )
    assert found.node_id.tolist() == [1, 2, 3, 4]
    assert found.ways.index.tolist() == [8, 9]
    assert found.ways["name"].tolist() == ["云梯", None]
    assert found.node_id[found.tail].tolist() == [1, 2, 3]
    assert found.lon_lat[0].tolist() == pytest.approx([106.5, 29.501])


def test_every_tag_is_kept_however_many_a_way_has(osm):
    """Three hundred ways with one to ten tags each, among them such as nobody keeps."""
    rng = np.random.default_rng(5)
    others = [*TAGS[1:], "lanes", "footway", "maxspeed", "source", "note"]
    tags = [
        {"highway": "path"}
        | {key: str(rng.integers(3)) for key in rng.choice(others, rng.integers(10), replace=False)}
        for _ in range(300)
    ]
    found = read(osm(*(way(n, [1, 2], **own) for n, own in enumerate(tags, 1))))
    for key in TAGS:
        assert found.ways[key].tolist() == [own.get(key) for own in tags]


def test_what_may_not_be_walked_is_counted_by_rule(osm):
    found = read(
        osm(
            way(1, [1, 2], highway="motorway"), way(2, [2, 3], highway="trunk"),
            way(3, [3, 4], highway="footway"), way(4, [4, 5], highway="trunk_link"),
            way(5, [1, 5], building="yes"),
        )
    )  # fmt: skip
    assert found.ways["rule"].tolist() == ["motorway", "expressway", "path", "expressway"]
    assert found.walkable.tolist() == [False, False, True, False]


def test_missing_nodes_are_told_and_end_the_street(osm):
    findings = Findings()
    found = read(osm(way(1, [1, 99, 2, 3], highway="path")), findings=findings)
    assert found.node_id[found.tail].tolist() == [2]
    assert findings.warnings == [
        "streets.osm: 1 nodes of streets are not in the file; streets end where they are missing"
    ]


def test_negative_ids(osm):
    nodes = '<node id="-1" lat="29.5" lon="106.5"/><node id="-2" lat="29.6" lon="106.5"/>'
    found = read(osm(way(-7, [-1, -2], highway="path"), nodes=nodes))
    assert found.node_id.tolist() == [-2, -1]
    assert found.ways.index.tolist() == [-7]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.osm", "<html>not found</html>", "cannot be read"),
        ("a.osm", '<?xml version="1.0"?><osm version="0.6"><node id="1"', "cannot be read"),
        ("a.osm.pbf", "<html>not found</html>", "cannot be read"),
        ("a.osm", "", "is empty"),
        ("a.csv", "id,lon,lat", "not an OpenStreetMap file by its name"),
    ],
)
def test_files_that_are_not_what_their_name_says(tmp_path, name, content, expected):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=expected):
        read(path)


def test_an_xml_bomb_is_refused(tmp_path):
    lines = ['<!ENTITY a0 "ha">']
    lines += [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)]
    path = tmp_path / "bomb.osm"
    path.write_text(
        f'<?xml version="1.0"?><!DOCTYPE osm [{"".join(lines)}]>'
        '<osm version="0.6"><node id="1" lat="1" lon="1"><tag k="name" v="&a9;"/></node></osm>',
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="cannot be read"):
        read(path)


@pytest.mark.realdata
def test_a_file_cut_short_is_refused(yuzhong, tmp_path):
    whole = (yuzhong / "yuzhong-260426.osm.pbf").read_bytes()
    path = tmp_path / "half.osm.pbf"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="cut short"):
        read(path)


def test_no_street_at_all(osm):
    with pytest.raises(InputError, match="no street that may be walked .*1 by 'motorway'"):
        read(osm(way(1, [1, 2], highway="motorway")))


@pytest.mark.parametrize(
    ("tags", "rule"),
    [
        ({"highway": "steps"}, "stairs"),
        ({"highway": "residential"}, "road"),
        ({"highway": "primary"}, "road"),
        ({"highway": "trunk"}, "expressway"),
        ({"highway": "trunk", "sidewalk": "both"}, "sidewalk"),
        ({"highway": "trunk", "foot": "yes"}, "foot=yes"),
        ({"highway": "primary", "foot": "no"}, "foot=no"),
        ({"highway": "primary", "tunnel": "yes"}, "road tunnel"),
        ({"highway": "primary", "tunnel": "yes", "sidewalk": "right"}, "sidewalk"),
        ({"highway": "footway", "tunnel": "yes"}, "path"),
        ({"highway": "primary", "bridge": "yes", "layer": "1"}, "road"),
        ({"highway": "primary_link"}, "road"),
        ({"highway": "primary_link", "layer": "1"}, "flyover ramp"),
        ({"highway": "primary", "sidewalk": "separate"}, "sidewalk apart"),
        ({"highway": "primary", "sidewalk:left": "separate"}, "road"),
        ({"highway": "motorway", "sidewalk": "both"}, "motorway"),
        ({"highway": "secondary", "sidewalk": "no"}, "no sidewalk"),
        ({"highway": "residential", "sidewalk": "no"}, "road"),
        ({"highway": "steps", "access": "military"}, "access=no"),
        ({"highway": "steps", "access": "private", "foot": "permissive"}, "stairs"),
        ({"highway": "platform", "foot": "yes"}, "foot=yes"),
        ({"highway": "platform"}, "not for walking"),
        ({"highway": "footway", "construction": "yes"}, "not built"),
        ({"highway": "primary_link", "layer": "+0"}, "road"),
        ({"highway": "pedestrian", "motorroad": "yes"}, "path"),
        ({"route": "ferry", "access": "private"}, "ride closed"),
        ({"highway": "service", "access": "private"}, "access=no"),
        ({"highway": "service", "access": "private", "foot": "yes"}, "foot=yes"),
        ({"highway": "pedestrian", "area": "yes"}, "path"),
        ({"highway": "steps", "access": "private"}, "access=no"),
        ({"route": "ferry"}, "ferry"),
        ({"aerialway": "gondola"}, "cable car"),
        ({"building": "yes"}, "no street"),
        ({"highway": "construction", "foot": "yes"}, "not built"),
        ({"highway": "cycleway"}, "not a known way"),
        ({"highway": "elevator"}, "path"),
    ],
)
def test_the_table_decides(tags, rule):
    assert decide(tags).name == rule


@pytest.mark.parametrize(
    ("tags", "walkable"),
    [
        ({"highway": "trunk"}, True),
        ({"highway": "motorway_link"}, False),
        ({"highway": "cycleway"}, False),
        ({"highway": "service"}, True),
        ({"highway": "services"}, False),
        ({"highway": "path", "access": "private"}, False),
        ({"highway": "path", "access": "no"}, True),
        ({"highway": "path", "foot": "no"}, False),
        ({"highway": "primary", "sidewalk:left": "separate"}, False),
        ({"highway": "pedestrian", "area": "yes"}, False),
    ],
)
def test_osmnx_walk_is_what_osmnx_asks_for(tags, walkable):
    assert osmnx_walk(tags) == walkable


def test_the_osmnx_filter_leaves_expressways_in(osm):
    found = read(
        osm(way(1, [1, 2], highway="motorway"), way(2, [2, 3], highway="trunk")), rules="osmnx-walk"
    )
    assert found.ways["rule"].tolist() == ["not osmnx-walk", "osmnx-walk"]
    assert found.walkable.tolist() == [False, True]


def test_ways_before_nodes_as_overpass_turbo_writes_them(osm):
    square = way(9, [1, 2, 6, 1], highway="pedestrian", area="yes")
    lift = '<node id="7" lat="29.5" lon="106.51"><tag k="highway" v="elevator"/></node>'
    parts = (way(8, [1, 2, 7], highway="steps"), square)
    nodes = NODES.replace('id="6" version="1" lat="29.506" lon="106.5"',
                          'id="6" version="1" lat="29.506" lon="106.6"') + lift  # fmt: skip
    findings = Findings()
    late = read(osm(*parts, nodes, nodes="", name="late.osm"), findings=findings)
    early = read(osm(*parts, nodes=nodes))
    assert findings.warnings == []
    assert late.node_id.tolist() == early.node_id.tolist()
    assert late.lon_lat.tolist() == early.lon_lat.tolist()
    assert late.lift_id.tolist() == early.lift_id.tolist() == [7]
    assert len(late.squares) == len(early.squares) == 1
    assert late.source == "late.osm"


@pytest.mark.parametrize("late", [False, True])
def test_deleted_ways_are_not_walked(osm, late):
    gone = way(8, [1, 2], highway="path").replace("<way", '<way visible="false"')
    kept = way(9, [2, 3], highway="path")
    path = osm(gone, kept, NODES, nodes="") if late else osm(gone, kept)
    assert read(path).ways.index.tolist() == [9]


def test_what_an_editor_marked_as_deleted_is_refused(osm):
    gone = way(8, [1, 2], highway="path").replace("<way", "<way action='delete' visible='true'")
    with pytest.raises(InputError, match='holds objects with action="delete"'):
        read(osm(gone))


def test_a_list_of_changes_is_refused(tmp_path):
    path = tmp_path / "a.osm"
    path.write_text(f'<?xml version="1.0"?>\n<osmChange><create>{NODES}</create></osmChange>')
    with pytest.raises(InputError, match="is a list of changes"):
        read(path)


@pytest.mark.parametrize("lon", ["999", "abc"])
def test_a_position_that_is_none_is_refused(osm, lon):
    nodes = NODES + f'<node id="9" lat="29.5" lon="{lon}"/>'
    with pytest.raises(InputError, match=f"cannot be read as osm .*'{lon}'"):
        read(osm(way(1, [1, 2], highway="path"), nodes=nodes))


@pytest.mark.parametrize("chunk", [7, 64, 300, 2**22])
def test_the_order_is_seen_across_chunks_of_a_packed_file(osm, monkeypatch, chunk):
    monkeypatch.setattr("coverage.inputs.osm_file._CHUNK", chunk)
    plain = osm(way(9, [2, 3], highway="path"), NODES, nodes="")
    packed = plain.with_suffix(".osm.gz")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read(packed).node_id.tolist() == [2, 3]
