/* Homes that staff visit: by the first way in which they get there, or none. A layer of its own, off
   until it is asked for, as its colours are no minutes on foot. */

const visitsOf = () => page.meta.visits ?? null;

/* How staff get to a home; nothing for one that nobody is to visit. */
const visitOf = (home) => {
  const code = (page.s["home.visit"] ?? [])[home];
  return code ? visitsOf().ways[code - 1] : undefined;
};

/* The ways that some home has. */
const visitWaysThere = () =>
  visitsOf().ways.filter((_, k) => (page.s["home.visit"] ?? []).includes(k + 1));

const visitRows = (home) => {
  const way = visitOf(home);
  if (!way) return [];
  const { by, minutes } = visitsOf();
  return [
    [say("visit"), named(way)],
    ...by.map((each) => {
      const tenths = page.s[`home.visit.${each}`][home];
      return [
        say(`visit.${each}`),
        tenths === 65535
          ? say("visit.beyond", { n: plainNumber(minutes) })
          : minutesText(tenths / 10),
      ];
    }),
  ];
};

const paintVisits = (context, view) => {
  const { homes } = page.shapes,
    codes = page.s["home.visit"];
  if (!codes) return;
  const radius = Math.min(6, Math.max(2.4, 2.6 * 2 ** ((view.zoom - 13) / 2))) * view.ratio;
  const paths = visitsOf().ways.map(() => null);
  for (const home of inTile(homes, view, 2 * radius)) {
    if (!codes[home]) continue;
    const path = (paths[codes[home] - 1] ??= new Path2D());
    const px = (homes.cx[home] - view.x0) * view.scale,
      py = (homes.cy[home] - view.y0) * view.scale;
    path.moveTo(px + radius, py);
    path.arc(px, py, radius, 0, 2 * Math.PI);
  }
  // Who is beyond lies on top.
  paths.forEach((path, which) => {
    if (!path) return;
    context.fillStyle = visitsOf().ways[which].colour;
    context.fill(path);
    context.strokeStyle = `rgb(${PAPER})`;
    context.lineWidth = 1.2 * view.ratio;
    context.stroke(path);
  });
};
