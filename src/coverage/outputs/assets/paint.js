/* What a tile shows. A view is {x0, y0, scale, size, zoom, ratio}: the units of its corner, pixels per
   unit, pixels across, the zoom that the reader sees, and pixels per pixel of the page. */

const COARSE_BELOW = 14.1;
const HALO_COARSE_BELOW = 16;
const POLYGONS_FROM = 15;
const DOTS_FROM = 13;
const HALO_M = 25;

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

const paintHomes = (context, view) => {
  const { homes } = page.shapes,
    { classes, table, homes: codes } = styleNow();
  if (!codes || view.zoom < DOTS_FROM) return;
  const outlined = view.zoom >= POLYGONS_FROM;
  const side = Math.min(7, Math.max(2, 1.6 * 2 ** (view.zoom - 14))) * view.ratio;
  const found = inTile(homes, view, side),
    paths = classes.map(() => null);
  for (const home of found) {
    const which = table[codes[home]];
    paths[which] ??= new Path2D();
    if (outlined && homes.start[home + 1] > homes.start[home])
      traceItem(paths[which], view, homes, home);
    else {
      const px = (homes.cx[home] - view.x0) * view.scale,
        py = (homes.cy[home] - view.y0) * view.scale;
      if (outlined) {
        paths[which].moveTo(px + side, py);
        paths[which].arc(px, py, side, 0, 2 * Math.PI);
      } else paths[which].rect(px - side / 2, py - side / 2, side, side);
    }
  }
  paths.forEach((path, which) => {
    if (!path) return;
    const colour = `rgb(${classes[which].rgb})`;
    context.globalAlpha = outlined ? 0.5 : 0.38;
    context.fillStyle = colour;
    context.fill(path);
    if (outlined) {
      context.globalAlpha = 0.85;
      context.strokeStyle = colour;
      context.lineWidth = 0.8 * view.ratio;
      context.stroke(path);
    }
  });
  context.globalAlpha = 1;
};

/* Links of a tile by class, the farthest class first. */
let sortedLinks = new Int32Array(1024);
const linksByClass = (view, margin) => {
  const { links } = page.shapes,
    flags = page.s["link.flags"] ?? [],
    { classes, table, links: codes } = styleNow();
  const found = inTile(links, view, margin);
  if (sortedLinks.length < found.length) sortedLinks = new Int32Array(2 * found.length);
  const ends = new Uint32Array(classes.length + 1);
  for (const link of found)
    if (!(flags[link] & 1)) ends[classes.length - 1 - table[codes[link]] + 1] += 1;
  for (let k = 0; k < classes.length; k += 1) ends[k + 1] += ends[k];
  const next = ends.slice();
  for (const link of found) {
    if (flags[link] & 1) continue;
    const k = classes.length - 1 - table[codes[link]];
    sortedLinks[next[k]] = link;
    next[k] += 1;
  }
  return classes.map((_, k) => ({
    of: classes[classes.length - 1 - k],
    links: sortedLinks.subarray(ends[k], ends[k + 1]),
  }));
};

/* The circle itself: what lies within 25 m of the streets that are covered. */
const HALO = [28, 140, 140];

const haloSlate = new Slate();

const paintHalo = (context, view) => {
  const radius = HALO_M * unitsPerMetre() * view.scale,
    { links } = page.shapes;
  if (radius < 0.7) return;
  // Wide and soft, it is drawn smaller and enlarged.
  const times = radius > 18 ? 4 : radius > 5 ? 2 : 1;
  const small = { ...view, scale: view.scale / times, size: Math.ceil(view.size / times) };
  haloSlate.ready(small.size);
  const shape = view.zoom < HALO_COARSE_BELOW ? links.coarse : links;
  for (const { of, links: members } of linksByClass(small, radius / times)) {
    if (of.kind === "band")
      for (const i of members) strokeLine(small, shape, i, radius / times, null, haloSlate);
  }
  haloSlate.lay(HALO, 0.17);
  haloSlate.put(context, times);
};

const paintStreets = (context, view) => {
  const { shapes, s } = page;
  const wide = widthAt(view.zoom) * view.ratio,
    kinds = s["link.kind"];
  const groups = linksByClass(view, 2 * wide);
  const shape = view.zoom < COARSE_BELOW ? shapes.links.coarse : shapes.links;
  const { faded } = styleNow();
  slate.ready(view.size);
  // A pale rim sets streets off from buildings and from each other.
  if (view.zoom >= 14.5) {
    for (const { links } of groups)
      for (const i of links)
        strokeLine(view, shape, i, (wide * rankWidth(kinds[i])) / 2 + 0.9 * view.ratio);
    slate.lay(PAPER, 0.9);
  }
  for (const { of, links } of groups) {
    if (!links.length) continue;
    const noWay = of.kind === "unreachable",
      dim = faded && of.kind !== "band";
    const dash = noWay && !dim && view.zoom >= 13.5 ? [wide * 1.6, wide * 1.8] : null;
    for (const i of links) {
      // Beyond the study area nothing is claimed of streets without a way.
      const inside = s["link.flags"][i] & 32;
      strokeLine(
        view,
        shape,
        i,
        (wide * rankWidth(kinds[i]) * (noWay || dim ? 0.6 : 1)) / 2,
        inside ? dash : null,
      );
    }
    slate.lay(of.rgb, dim ? 0.8 : 1);
  }
  slate.put(context);
  if (view.zoom >= 15.5) paintTreads(context, view, groups, wide);
};

/* Stairs bear treads: pale bars across them. */
const paintTreads = (context, view, groups, wide) => {
  const { start, x, y } = page.shapes.links,
    flags = page.s["link.flags"];
  context.beginPath();
  for (const { links } of groups) {
    for (const i of links) {
      if (!(flags[i] & 2)) continue;
      for (let at = start[i]; at < start[i + 1]; at += 1) {
        const px = (x[at] - view.x0) * view.scale,
          py = (y[at] - view.y0) * view.scale;
        if (at === start[i]) context.moveTo(px, py);
        else context.lineTo(px, py);
      }
    }
  }
  context.lineCap = "butt";
  context.strokeStyle = `rgb(${PAPER})`;
  context.lineWidth = wide * 0.8;
  context.setLineDash([0.45 * wide, 0.55 * wide]);
  context.stroke();
  context.setLineDash([]);
};

/* Gaps hold for the study's own choice: they are pale while another one is shown. */
const gapsShown = () =>
  (page.meta.gaps ?? [])
    .map((gap, i) => ({ gap, i }))
    .filter(({ gap }) => gap.tier === page.meta.tiers[state.tier].id);

const paintGaps = (context, view) => {
  if (isFocused()) return;
  const near = new Set(inTile(page.shapes.gaps, view, 4)),
    { colours } = page.meta;
  const far = view.zoom < 14,
    strength = isOwnChoice() ? 1 : 0.45;
  context.beginPath();
  for (const { i } of gapsShown()) if (near.has(i)) traceItem(context, view, page.shapes.gaps, i);
  context.fillStyle = colours.gap;
  context.globalAlpha = (far ? 0.3 : 0.13) * strength;
  context.fill("evenodd");
  context.globalAlpha = strength;
  context.strokeStyle = colours.gap;
  context.lineWidth = (far ? 0.8 : 1.6) * view.ratio;
  if (!far) context.setLineDash([6 * view.ratio, 4 * view.ratio]);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
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

const paintData = (context, view) => {
  const { shown } = state;
  if (shown.halo) paintHalo(context, view);
  if (shown.areas) paintAreas(context, view);
  if (shown.buildings && state.base === "own" && view.zoom >= POLYGONS_FROM)
    paintBuildings(context, view);
  if (shown.homes) paintHomes(context, view);
  if (shown.streets) paintStreets(context, view);
  if (shown.gaps) paintGaps(context, view);
  paintFrame(context, view);
};
