/* Lines and polygons as flat arrays, with boxes by which a tile finds what lies in it.
   Units: 2^27 across the world. A line or ring i holds the points start[i] .. start[i + 1] - 1. */

const BLOCK = 64;
/* Half a pixel at zoom 14, below which thinned lines are drawn. */
const COARSE_UNITS = 16;

const startsOf = (counts) => {
  const start = new Uint32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i += 1) start[i + 1] = start[i] + counts[i];
  return start;
};

/* Points from the first point of each run and the steps to the others. */
const runs = (counts, firstX, firstY, dx, dy) => {
  const start = startsOf(counts);
  const x = new Int32Array(start[counts.length]),
    y = new Int32Array(x.length);
  for (let i = 0, step = 0; i < counts.length; i += 1) {
    let px = firstX[i],
      py = firstY[i];
    for (let at = start[i]; at < start[i + 1]; at += 1) {
      if (at > start[i]) {
        px += dx[step];
        py += dy[step];
        step += 1;
      }
      x[at] = px;
      y[at] = py;
    }
  }
  return { start, x, y };
};

/* The box of each item: west, north, east, south. Item i holds the points first[i] .. first[i + 1] - 1. */
const boxesOf = (first, x, y) => {
  const box = new Int32Array(4 * (first.length - 1));
  for (let i = 0; i + 1 < first.length; i += 1) {
    let west = 2147483647,
      north = 2147483647,
      east = -2147483648,
      south = -2147483648;
    for (let at = first[i]; at < first[i + 1]; at += 1) {
      if (x[at] < west) west = x[at];
      if (x[at] > east) east = x[at];
      if (y[at] < north) north = y[at];
      if (y[at] > south) south = y[at];
    }
    box.set([west, north, east, south], 4 * i);
  }
  return box;
};

const spread = (value) => {
  let bits = value & 0x1fff;
  bits = (bits | (bits << 8)) & 0x00ff00ff;
  bits = (bits | (bits << 4)) & 0x0f0f0f0f;
  bits = (bits | (bits << 2)) & 0x33333333;
  return (bits | (bits << 1)) & 0x55555555;
};

/* Neighbours stand together (in Morton order), and each run of them shares a box. */
const index = (box) => {
  const count = box.length / 4,
    keys = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    const x = (box[4 * i] + box[4 * i + 2]) / 2,
      y = (box[4 * i + 1] + box[4 * i + 3]) / 2;
    keys[i] = (spread(x >> 9) | (spread(y >> 9) << 1)) * 0x400000 + i;
  }
  keys.sort();
  const order = Uint32Array.from(keys, (key) => key % 0x400000);
  const blocks = new Int32Array(4 * Math.ceil(count / BLOCK));
  for (let b = 0; 4 * b < blocks.length; b += 1) {
    blocks.set([2147483647, 2147483647, -2147483648, -2147483648], 4 * b);
    for (let k = b * BLOCK; k < Math.min(count, (b + 1) * BLOCK); k += 1) {
      const i = 4 * order[k];
      blocks[4 * b] = Math.min(blocks[4 * b], box[i]);
      blocks[4 * b + 1] = Math.min(blocks[4 * b + 1], box[i + 1]);
      blocks[4 * b + 2] = Math.max(blocks[4 * b + 2], box[i + 2]);
      blocks[4 * b + 3] = Math.max(blocks[4 * b + 3], box[i + 3]);
    }
  }
  return { box, order, blocks };
};

/* Lines without the points that lie within the tolerance of them (Douglas and Peucker). */
const thinned = ({ start, x, y }, tolerance) => {
  const kept = new Uint8Array(x.length),
    stack = [];
  for (let i = 0; i + 1 < start.length; i += 1) {
    const end = start[i + 1] - 1;
    if (end < start[i]) continue;
    kept[start[i]] = 1;
    kept[end] = 1;
    stack.push(start[i], end);
    while (stack.length) {
      const last = stack.pop(),
        first = stack.pop();
      const dx = x[last] - x[first],
        dy = y[last] - y[first],
        squared = dx * dx + dy * dy;
      let worst = tolerance * tolerance,
        farthest = -1;
      for (let at = first + 1; at < last; at += 1) {
        const px = x[at] - x[first],
          py = y[at] - y[first];
        const t = squared ? Math.max(0, Math.min(1, (px * dx + py * dy) / squared)) : 0;
        const away = (px - t * dx) ** 2 + (py - t * dy) ** 2;
        if (away > worst) {
          worst = away;
          farthest = at;
        }
      }
      if (farthest >= 0) {
        kept[farthest] = 1;
        stack.push(first, farthest, farthest, last);
      }
    }
  }
  const counts = new Uint32Array(start.length - 1);
  let size = 0;
  for (let i = 0; i < counts.length; i += 1) {
    for (let at = start[i]; at < start[i + 1]; at += 1) counts[i] += kept[at];
    size += counts[i];
  }
  const nx = new Int32Array(size),
    ny = new Int32Array(size);
  for (let at = 0, to = 0; at < x.length; at += 1) {
    if (kept[at]) {
      nx[to] = x[at];
      ny[to] = y[at];
      to += 1;
    }
  }
  return { start: startsOf(counts), x: nx, y: ny };
};

const NOTHING = new Int32Array(0);

const lines = (shape) => ({
  ...shape,
  ...index(boxesOf(shape.start, shape.x, shape.y)),
  coarse: thinned(shape, COARSE_UNITS),
});

const linkLines = (s) => {
  const a = s["link.a"] ?? NOTHING,
    b = s["link.b"] ?? NOTHING,
    inner = s["link.inner"] ?? NOTHING;
  const nx = s["node.x"],
    ny = s["node.y"],
    dx = s["link.dx"],
    dy = s["link.dy"];
  const start = startsOf(
    inner.length
      ? Uint32Array.from(inner, (count) => count + 2)
      : new Uint32Array(a.length).fill(2),
  );
  const x = new Int32Array(start[a.length]),
    y = new Int32Array(x.length);
  for (let i = 0, step = 0; i < a.length; i += 1) {
    let at = start[i];
    x[at] = nx[a[i]];
    y[at] = ny[a[i]];
    for (at += 1; at < start[i + 1] - 1; at += 1, step += 1) {
      x[at] = x[at - 1] + dx[step];
      y[at] = y[at - 1] + dy[step];
    }
    x[at] = nx[b[i]];
    y[at] = ny[b[i]];
  }
  return lines({ start, x, y });
};

/* `way` and `waterline`: their counts are of the points after the first. */
const openLines = (s, name) => {
  const counts = Uint32Array.from(s[`${name}.inner`] ?? NOTHING, (further) => further + 1);
  return lines(
    runs(
      counts,
      s[`${name}.x`],
      s[`${name}.y`],
      s[`${name}.dx`] ?? NOTHING,
      s[`${name}.dy`] ?? NOTHING,
    ),
  );
};

/* Outlines of buildings, whose steps begin at their centre; those without an outline keep a point. */
const outlines = (s, name) => {
  const rings = s[`${name}.rings`] ?? NOTHING,
    vx = s[`${name}.vx`],
    vy = s[`${name}.vy`];
  const cx = s[`${name}.x`] ?? NOTHING,
    cy = s[`${name}.y`] ?? NOTHING;
  const start = startsOf(rings.length ? rings : new Uint32Array(cx.length));
  const x = new Int32Array(start[cx.length]),
    y = new Int32Array(x.length);
  const box = new Int32Array(4 * cx.length);
  for (let i = 0; i < cx.length; i += 1) {
    let px = cx[i],
      py = cy[i],
      west = px,
      north = py,
      east = px,
      south = py;
    for (let at = start[i]; at < start[i + 1]; at += 1) {
      px += vx[at];
      py += vy[at];
      x[at] = px;
      y[at] = py;
      if (px < west) west = px;
      if (px > east) east = px;
      if (py < north) north = py;
      if (py > south) south = py;
    }
    box.set([west, north, east, south], 4 * i);
  }
  // One ring each, or none.
  const rings_ = new Uint32Array(cx.length + 1).map((_, i) => i);
  return { start, x, y, rings: rings_, cx, cy, ...index(box) };
};

/* Polygons with holes; with `polygons`, several of them make one item. Item i holds the rings
   rings[i] .. rings[i + 1] - 1; filled by the even-odd rule, holes need no mark. */
const polygons = (s, name) => {
  const shape = runs(
    s[`${name}.rings`] ?? NOTHING,
    s[`${name}.x`],
    s[`${name}.y`],
    s[`${name}.dx`] ?? NOTHING,
    s[`${name}.dy`] ?? NOTHING,
  );
  let rings = startsOf(s[`${name}.parts`] ?? NOTHING);
  if (s[`${name}.polygons`]) rings = startsOf(s[`${name}.polygons`]).map((first) => rings[first]);
  const first = rings.map((ring) => shape.start[ring]);
  return {
    ...shape,
    rings,
    ...index(boxesOf(first, shape.x, shape.y)),
    coarse: thinned(shape, COARSE_UNITS),
  };
};

const shapesOf = (s) => ({
  links: linkLines(s),
  ways: openLines(s, "way"),
  waterlines: openLines(s, "waterline"),
  water: polygons(s, "water"),
  homes: outlines(s, "home"),
  buildings: outlines(s, "building"),
  areas: polygons(s, "area"),
  gaps: polygons(s, "gap"),
  boundary: polygons(s, "boundary"),
});
