/* What a tile shows. A view is {x0, y0, scale, size, zoom, ratio}: the units of its corner, pixels per
   unit, pixels across, the zoom that the reader sees, and pixels per pixel of the page. */

const COARSE_BELOW = 14.1;
const POLYGONS_FROM = 15;
const DOTS_FROM = 13;
const PAPER = [251, 249, 244];

const widthAt = (zoom) => {
  const stops = [
    [9, 0.8],
    [11, 1.05],
    [13, 1.5],
    [14, 2.1],
    [15, 2.9],
    [16, 4],
    [17, 5.6],
    [19, 9],
  ];
  const k = stops.findIndex(([stop]) => zoom <= stop);
  if (k === 0) return stops[0][1];
  if (k < 0) return stops[stops.length - 1][1];
  const [[from, thin], [to, wide]] = [stops[k - 1], stops[k]];
  return thin + ((zoom - from) / (to - from)) * (wide - thin);
};

/* Wider streets are drawn wider, from expressways to stairs. */
const RANK_WIDTHS = [1.5, 1.4, 1.25, 1.1, 1, 0.8, 0.85];
const rankWidth = (kind) => RANK_WIDTHS[page.meta.kinds[kind]?.rank ?? 4];

const inTile = (set, { x0, y0, scale, size }, margin) => {
  const rim = margin / scale,
    across = size / scale;
  return within(set, x0 - rim, y0 - rim, x0 + across + rim, y0 + across + rim);
};

const traceItem = (context, { x0, y0, scale, zoom }, set, item) => {
  const shape = zoom < COARSE_BELOW && set.coarse ? set.coarse : set,
    { start, x, y } = shape;
  for (let ring = set.rings[item]; ring < set.rings[item + 1]; ring += 1) {
    for (let at = start[ring]; at < start[ring + 1]; at += 1) {
      const px = (x[at] - x0) * scale,
        py = (y[at] - y0) * scale;
      if (at === start[ring]) context.moveTo(px, py);
      else context.lineTo(px, py);
    }
    context.closePath();
  }
};

const tracePolygons = (context, view, set, margin = 2) => {
  context.beginPath();
  const found = inTile(set, view, margin);
  for (const item of found) traceItem(context, view, set, item);
  return found.length;
};

/* The ground: water, ways that nobody walks, and streets as such where they are not coloured. */
const GROUND = {
  water: "#bcd3df",
  building: "#e3ddd2",
  stream: [170, 198, 213],
  way: [214, 207, 196],
  street: [222, 217, 208],
};

const paintGround = (context, view) => {
  const { shapes, s } = page,
    { shown } = state;
  if (shown.water) {
    tracePolygons(context, view, shapes.water);
    context.fillStyle = GROUND.water;
    context.fill("evenodd");
  }
  slate.ready(view.size);
  const shapeOf = (set) => (view.zoom < COARSE_BELOW ? set.coarse : set);
  const wide = widthAt(view.zoom) * view.ratio;
  if (shown.water) {
    for (const i of inTile(shapes.waterlines, view, wide))
      strokeLine(view, shapeOf(shapes.waterlines), i, wide * 0.4);
    slate.lay(GROUND.stream, 1);
  }
  if (shown.ways) {
    const tunnels = s["way.flags"] ?? [];
    for (const i of inTile(shapes.ways, view, wide * 2)) {
      // What runs underground is only hinted at.
      const dash = tunnels[i] & 8 ? [2 * wide, 2 * wide] : null;
      strokeLine(
        view,
        shapeOf(shapes.ways),
        i,
        (wide * rankWidth(s["way.kind"][i]) * (dash ? 0.6 : 1)) / 2,
        dash,
      );
    }
    slate.lay(GROUND.way, 1);
    // Coloured streets cover their ground; without them it is the map.
    if (!shown.streets) {
      for (const i of inTile(shapes.links, view, wide * 2)) {
        if (!(s["link.flags"][i] & 1))
          strokeLine(view, shapeOf(shapes.links), i, (wide * rankWidth(s["link.kind"][i])) / 2);
      }
      slate.lay(GROUND.street, 1);
    }
  }
  slate.put(context);
};

/* Buildings that are no homes stand on the circle, as homes do. */
const paintBuildings = (context, view) => {
  tracePolygons(context, view, page.shapes.buildings);
  context.fillStyle = GROUND.building;
  context.fill();
};

/* Under the streets: dashes are for streets without a way. */
const paintAreas = (context, view) => {
  if (!tracePolygons(context, view, page.shapes.areas, 4)) return;
  context.lineJoin = "round";
  for (const [colour, width] of [
    ["rgba(255, 253, 249, 0.8)", 3.4],
    ["#a79bb3", 1.5],
  ]) {
    context.strokeStyle = colour;
    context.lineWidth = width * view.ratio;
    context.stroke();
  }
};

const paintFrame = (context, view) => {
  const { boundary } = page.shapes;
  if (!boundary.order.length) return;
  context.beginPath();
  context.rect(-4, -4, view.size + 8, view.size + 8);
  for (const item of inTile(boundary, view, 4)) traceItem(context, view, boundary, item);
  context.fillStyle = "rgba(238, 234, 227, 0.7)";
  context.fill("evenodd");
  tracePolygons(context, view, boundary, 4);
  context.strokeStyle = "#3b3731";
  context.lineWidth = 1.8 * view.ratio;
  context.lineJoin = "round";
  context.stroke();
};
