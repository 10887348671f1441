/* What lies under a place, and what happens when it is chosen. */

const NEAR_PX = 8;

/* What a place of the map (a container point) means: the name of an area, a home, a street, a gap. */
const under = (point) => {
  const { shapes, map, s } = page;
  const zoom = map.getZoom();
  const hit = page.nameLayer?.hits.find(
    ({ box }) => point.x >= box[0] && point.x <= box[2] && point.y >= box[1] && point.y <= box[3],
  );
  if (hit) return { kind: "area", i: hit.area };
  const [x, y] = toUnits(map.containerPointToLatLng(point)),
    near = NEAR_PX * 2 ** (UNITS_ZOOM - zoom);
  if (state.shown.homes && zoom >= POLYGONS_FROM) {
    for (const home of within(
      shapes.homes,
      x - near / 2,
      y - near / 2,
      x + near / 2,
      y + near / 2,
    )) {
      const { start, cx, cy } = shapes.homes;
      const outlined = start[home + 1] > start[home];
      if (
        outlined
          ? isInside(shapes.homes, home, x, y)
          : Math.hypot(cx[home] - x, cy[home] - y) < near
      )
        return { kind: "home", i: home };
    }
  }
  const gap =
    state.shown.gaps && !isFocused()
      ? gapsShown().find(({ i }) => isInside(shapes.gaps, i, x, y))
      : null;
  // From afar a gap is what one aims at, nearby the street in it.
  if (gap && zoom < 15) return { kind: "gap", i: gap.i };
  let best = null;
  for (const link of within(shapes.links, x - near, y - near, x + near, y + near)) {
    if (s["link.flags"][link] & 1) continue;
    const { away, share } = nearestOn(shapes.links, link, x, y);
    if (away <= near && (!best || away < best.away)) best = { away, share, link };
  }
  if (best) return { kind: "street", i: best.link, at: Math.round(best.share * 1000) / 1000 };
  return gap ? { kind: "gap", i: gap.i } : null;
};

/* Facilities and gaps are of one tier, and shown with it; of other things -1. */
const tierOf = (thing) => {
  if (thing?.kind === "facility") return page.s["facility.tier"][thing.i];
  if (thing?.kind === "proposal")
    return page.meta.tiers.findIndex(({ id }) => id === proposalsOf()[thing.i].tier);
  if (thing?.kind !== "gap") return -1;
  return page.meta.tiers.findIndex(({ id }) => id === page.meta.gaps[thing.i].tier);
};

/* Chooses a thing, or nothing, and asks the worker about it. */
const select = (thing) => {
  const same = JSON.stringify(thing) === JSON.stringify(state.selected);
  if (same && thing !== null) return;
  const tier = tierOf(thing);
  change({ selected: thing, found: null, ...(tier >= 0 ? { tier } : {}) });
  inquire();
};

let inquiries = 0;

const inquire = async () => {
  const { selected, walker, tier, minutes } = state;
  const direction = page.meta.directions[state.direction];
  inquiries += 1;
  const mine = inquiries;
  if (!selected || ["area", "gap", "proposal"].includes(selected.kind)) return;
  let found;
  if (selected.kind === "facility") {
    if (!page.meta.facilities[selected.i].snapped) return;
    found = { circle: await ask("circle", { facility: selected.i, walker, direction, minutes }) };
  } else {
    const from =
      selected.kind === "home" ? { home: selected.i } : { link: selected.i, at: selected.at };
    found = { walks: await ask("walks", { ...from, walker, direction, tier }) };
  }
  // Something else may have been chosen in the meantime.
  if (mine === inquiries) change({ found });
};

/* What is chosen stands out: the way walked, the home, the gap, the area. */
const marks = {
  group: L.layerGroup(),

  start(map) {
    this.group.addTo(map);
    watch("selected found tier", () => this.draw());
  },

  line(points, style) {
    L.polyline(
      points.map(([x, y]) => toLatLng(x, y)),
      { interactive: false, ...style },
    ).addTo(this.group);
  },

  outline(set, item, style) {
    const rings = [];
    for (let ring = set.rings[item]; ring < set.rings[item + 1]; ring += 1) {
      const points = [];
      for (let at = set.start[ring]; at < set.start[ring + 1]; at += 1)
        points.push(toLatLng(set.x[at], set.y[at]));
      rings.push(points);
    }
    // Each ring a line of its own: a hole is an edge as well.
    for (const points of rings)
      if (points.length)
        L.polygon(points, { interactive: false, fill: false, ...style }).addTo(this.group);
  },

  draw() {
    this.group.clearLayers();
    const { selected, found } = state,
      { shapes } = page;
    if (!selected) return;
    const strong = { color: "#1d1b18", weight: 2.5, opacity: 1 };
    if (selected.kind === "gap")
      this.outline(shapes.gaps, selected.i, {
        color: page.meta.colours.gap,
        weight: 3,
        dashArray: "7 4",
      });
    if (selected.kind === "area") this.outline(shapes.areas, selected.i, { ...strong, weight: 3 });
    if (selected.kind === "home") {
      this.outline(shapes.homes, selected.i, strong);
      this.dot(homePlace(selected.i));
    }
    if (selected.kind === "street") {
      this.line(partOf(shapes.links, selected.i, 0, 1), {
        color: "#1d1b18",
        weight: 3,
        opacity: 0.55,
      });
      this.dot(partOf(shapes.links, selected.i, selected.at, selected.at)[0]);
    }
    if (selected.kind === "name")
      for (const link of linksNamed(selected.i))
        this.line(partOf(shapes.links, link, 0, 1), { color: "#1d1b18", weight: 5, opacity: 0.75 });
    if (found?.walks?.way) this.way(selected, found.walks);
  },

  dot([x, y]) {
    L.circleMarker(toLatLng(x, y), {
      radius: 6,
      color: "#fffdf9",
      weight: 2.5,
      fillColor: "#1d1b18",
      fillOpacity: 1,
      interactive: false,
    }).addTo(this.group);
  },

  /* A pale rim, the way itself, and its straight legs in dots. */
  way(selected, { way, tiers }) {
    const { links } = page.shapes;
    const points = [];
    for (const { link, from, to } of way.pieces)
      if (from !== to) points.push(...partOf(links, link, from, to));
    const there = facilityPlace(tiers[state.tier].facility);
    const here = selected.kind === "home" ? homePlace(selected.i) : null;
    const [first, last] = way.which === "to" ? [here, there] : [there, here];
    for (const style of [
      { color: "#fffdf9", weight: 9, opacity: 0.9 },
      { color: "#a8005c", weight: 4.5, opacity: 1 },
    ])
      this.line(points, style);
    const dots = { color: "#a8005c", weight: 3, dashArray: "1 6", lineCap: "round" };
    if (first && points.length) this.line([first, points[0]], dots);
    if (last && points.length) this.line([points[points.length - 1], last], dots);
  },
};

/* Streets of one name. */
const linksNamed = (name) => {
  const found = [],
    names = page.s["link.name"] ?? [];
  for (let link = 0; link < names.length; link += 1) if (names[link] === name) found.push(link);
  return found;
};

const boxOfLinks = (links) => {
  const { box } = page.shapes.links;
  const ends = [Infinity, Infinity, -Infinity, -Infinity];
  for (const link of links) {
    ends[0] = Math.min(ends[0], box[4 * link]);
    ends[1] = Math.min(ends[1], box[4 * link + 1]);
    ends[2] = Math.max(ends[2], box[4 * link + 2]);
    ends[3] = Math.max(ends[3], box[4 * link + 3]);
  }
  return ends;
};

/* Where a thing is, as bounds of the map. */
const boundsOf = ({ kind, i }) => {
  const { shapes } = page;
  if (kind === "facility") return toLatLng(...facilityPlace(i)).toBounds(500);
  if (kind === "proposal")
    return toLatLng(proposalsOf()[i].x, proposalsOf()[i].y).toBounds(500);
  if (kind === "home") return toLatLng(...homePlace(i)).toBounds(300);
  if (kind === "name") return boundsOfBox(boxOfLinks(linksNamed(i)), 0);
  return boundsOfBox({ street: shapes.links, gap: shapes.gaps, area: shapes.areas }[kind].box, i);
};

const goTo = (thing) => {
  page.map.fitBounds(boundsOf(thing), { maxZoom: 16.5, padding: [60, 60], animate: false });
  select(thing);
};
