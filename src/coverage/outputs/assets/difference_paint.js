/* What a tile shows of two runs: what differs between them, or what one of them covers.

   Eight bits say all of a stretch of street or a home: covered before (by each of the three tiers),
   covered after, there before, there after. */

const IN_BEFORE = 64;
const IN_AFTER = 128;

const maskOf = (bits) => {
  const id = page.meta.tiers[state.tier].id,
    three = bits & 7;
  if (id === "any") return three !== 0;
  return id === "all" ? three === 7 : (three & (1 << state.tier)) !== 0;
};
const wasCovered = (bits) => maskOf(bits);
const isCovered = (bits) => maskOf(bits >> 3);

/* From the bottom to the top: what changes lies over what stays. Blue and vermillion are told apart by
   every eye, and by their lightness on paper without colours. */
const CHANGES = [
  { id: "neither", rgb: [184, 175, 163], wide: 0.55 },
  { id: "both", rgb: [104, 112, 120], wide: 0.8 },
  { id: "vanished", rgb: [230, 159, 0], wide: 1.25, dash: [2.2, 1.5] },
  { id: "new", rgb: [86, 180, 233], wide: 1.25, dash: [2.2, 1.5] },
  { id: "lost", rgb: [213, 94, 0], wide: 1.35 },
  { id: "gained", rgb: [0, 100, 178], wide: 1.35 },
];
const CHANGE_AT = Object.fromEntries(CHANGES.map(({ id }, k) => [id, k]));

/* What one run covers. */
const COVER = [
  { id: "uncovered", rgb: [190, 90, 34], wide: 0.6 },
  { id: "covered", rgb: [28, 140, 140], wide: 1.1 },
];

const changeOf = (bits) => {
  const was = wasCovered(bits),
    now = isCovered(bits);
  if (was && now) return CHANGE_AT.both;
  if (!was && !now) return CHANGE_AT.neither;
  if (now) return bits & IN_BEFORE ? CHANGE_AT.gained : CHANGE_AT.new;
  return bits & IN_AFTER ? CHANGE_AT.lost : CHANGE_AT.vanished;
};

/* How things are told apart: [classes, the class of some bits, -1 for what is not shown]. */
const LOOKS = {
  difference: [CHANGES, changeOf],
  before: [COVER, (bits) => (bits & IN_BEFORE ? Number(wasCovered(bits)) : -1)],
  after: [COVER, (bits) => (bits & IN_AFTER ? Number(isCovered(bits)) : -1)],
};

const paintStrips = (context, view, [classes, classOf]) => {
  const { strips } = page.shapes,
    bits = page.s["strip.bits"] ?? [];
  const wide = widthAt(view.zoom) * view.ratio,
    shape = view.zoom < COARSE_BELOW ? strips.coarse : strips;
  const groups = classes.map(() => []);
  for (const i of inTile(strips, view, 2 * wide)) {
    const which = classOf(bits[i]);
    if (which >= 0) groups[which].push(i);
  }
  slate.ready(view.size);
  if (view.zoom >= 14.5) {
    groups.forEach((members, k) => {
      for (const i of members)
        strokeLine(view, shape, i, (wide * classes[k].wide) / 2 + 0.9 * view.ratio);
    });
    slate.lay(PAPER, 0.9);
  }
  groups.forEach((members, k) => {
    const { rgb, wide: times, dash } = classes[k];
    const dashes = dash && view.zoom >= 13.5 ? dash.map((part) => part * wide) : null;
    for (const i of members) strokeLine(view, shape, i, (wide * times) / 2, dashes);
    slate.lay(rgb, 1);
  });
  slate.put(context);
};

/* Half the width of a home's circle: its area goes with the people in it. */
const homeRadius = (people, zoom) =>
  Math.min(22, Math.max(2.6, Math.sqrt(people) * 0.65 * 2 ** ((zoom - 15) / 1.6)));

const peopleOf = (home) =>
  Math.max(page.s["home.old"]?.[home] ?? 0, page.s["home.new"]?.[home] ?? 0);

/* Homes where nothing changes are dots: they say where people live. */
const isStill = ({ id }) => id === "both" || id === "neither";

const paintHomesOf = (context, view, [classes, classOf]) => {
  const { homes } = page.shapes,
    bits = page.s["home.bits"] ?? [];
  const paths = classes.map(() => new Path2D());
  for (const home of inTile(homes, view, 28 * view.ratio)) {
    const which = classOf(bits[home]);
    if (which < 0) continue;
    const radius =
      (isStill(classes[which])
        ? Math.min(3, Math.max(1, 2 ** (view.zoom - 15)))
        : homeRadius(peopleOf(home), view.zoom)) * view.ratio;
    const px = (homes.cx[home] - view.x0) * view.scale,
      py = (homes.cy[home] - view.y0) * view.scale;
    paths[which].moveTo(px + radius, py);
    paths[which].arc(px, py, radius, 0, 2 * Math.PI);
  }
  paths.forEach((path, k) => {
    const still = isStill(classes[k]);
    context.globalAlpha = still ? 0.75 : 0.62;
    context.fillStyle = `rgb(${classes[k].rgb})`;
    context.fill(path);
    if (still) return;
    context.globalAlpha = 0.95;
    context.strokeStyle = "#fffdf9";
    context.lineWidth = (view.zoom >= 15 ? 1.1 : 0.5) * view.ratio;
    context.stroke(path);
  });
  context.globalAlpha = 1;
};

const paintLook = (look) => (context, view) => {
  const { shown } = state;
  if (shown.areas) paintAreas(context, view);
  if (shown.buildings && state.base === "own" && view.zoom >= POLYGONS_FROM)
    paintBuildings(context, view);
  if (shown.streets) paintStrips(context, view, LOOKS[look]);
  if (shown.homes) paintHomesOf(context, view, LOOKS[look]);
  paintFrame(context, view);
};

/* For print, all that is in sight in one picture. */
const paintData = (context, view) => {
  if (state.view === "difference") {
    paintLook("difference")(context, view);
    return;
  }
  const middle = state.divider * page.map.getSize().x * view.ratio;
  for (const [look, left, width] of [
    ["before", 0, middle],
    ["after", middle, view.size - middle],
  ]) {
    context.save();
    context.beginPath();
    context.rect(left, 0, width, view.size);
    context.clip();
    paintLook(look)(context, view);
    context.restore();
  }
};
