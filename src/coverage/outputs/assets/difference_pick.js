/* What lies under a place of a difference, and how it stands out when it is chosen. */

const NEAR_PX = 8;

const under = (point) => {
  const { shapes, map } = page,
    zoom = map.getZoom();
  const hit = page.nameLayer?.hits.find(
    ({ box }) => point.x >= box[0] && point.x <= box[2] && point.y >= box[1] && point.y <= box[3],
  );
  if (hit) return { kind: "area", i: hit.area };
  const [x, y] = toUnits(map.containerPointToLatLng(point)),
    near = NEAR_PX * 2 ** (UNITS_ZOOM - zoom);
  if (state.shown.homes && zoom >= DOTS_FROM) {
    let best = null;
    for (const home of within(shapes.homes, x - 3 * near, y - 3 * near, x + 3 * near, y + 3 * near)) {
      const { cx, cy } = shapes.homes,
        away = Math.hypot(cx[home] - x, cy[home] - y);
      const still = isStill(CHANGES[changeOf(page.s["home.bits"][home])]);
      const reach = Math.max(6, still ? 4 : homeRadius(peopleOf(home), zoom));
      if (away <= reach * 2 ** (UNITS_ZOOM - zoom) && (!best || away < best.away))
        best = { away, home };
    }
    if (best) return { kind: "home", i: best.home };
  }
  let best = null;
  for (const i of within(shapes.strips, x - near, y - near, x + near, y + near)) {
    const { away } = nearestOn(shapes.strips, i, x, y);
    if (away <= near && (!best || away < best.away)) best = { away, i };
  }
  return best ? { kind: "street", i: best.i } : null;
};

/* A facility is of one tier; the others show it no longer. */
const tierOf = (thing) =>
  thing?.kind === "facility" && page.meta.tiers[state.tier].of !== null
    ? page.s["facility.tier"][thing.i]
    : -1;

const select = (thing) => change({ selected: thing });

/* All that is known came with the page. */
const inquire = () => {};

const marks = {
  group: L.layerGroup(),

  start(map) {
    this.group.addTo(map);
    watch("selected", () => this.draw());
  },

  draw() {
    this.group.clearLayers();
    const { selected } = state,
      { shapes } = page,
      style = { color: "#1d1b18", interactive: false };
    if (selected?.kind === "street")
      L.polyline(
        partOf(shapes.strips, selected.i, 0, 1).map(([x, y]) => toLatLng(x, y)),
        { ...style, weight: 3, opacity: 0.7 },
      ).addTo(this.group);
    if (selected?.kind === "home")
      L.circleMarker(toLatLng(...homePlace(selected.i)), {
        ...style,
        radius: 9,
        weight: 3,
        fill: false,
      }).addTo(this.group);
    if (selected?.kind === "area") this.outline(shapes.areas, selected.i, { ...style, weight: 3 });
  },

  outline(set, item, style) {
    for (let ring = set.rings[item]; ring < set.rings[item + 1]; ring += 1) {
      const points = [];
      for (let at = set.start[ring]; at < set.start[ring + 1]; at += 1)
        points.push(toLatLng(set.x[at], set.y[at]));
      L.polygon(points, { fill: false, ...style }).addTo(this.group);
    }
  },
};
