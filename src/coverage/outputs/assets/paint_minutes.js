/* What a tile shows of the study's results: homes, streets and gaps by minutes. */

const HALO_COARSE_BELOW = 16;
const HALO_M = 25;

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

const paintData = (context, view) => {
  const { shown } = state;
  if (shown.halo) paintHalo(context, view);
  if (shown.areas) paintAreas(context, view);
  if (shown.buildings && state.base === "own" && view.zoom >= POLYGONS_FROM)
    paintBuildings(context, view);
  if (shown.homes) paintHomes(context, view);
  if (shown.streets) paintStreets(context, view);
  if (shown.gaps) paintGaps(context, view);
  if (shown.visits) paintVisits(context, view);
  paintFrame(context, view);
};
