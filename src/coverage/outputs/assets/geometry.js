/* Places, sizes and what lies where. Units are those of the payload: 2^27 across the world, so that one
   pixel at zoom 19 is one unit. */

const UNITS_ZOOM = 19;
const EARTH_M = 40075016.686;

const toLatLng = (x, y) => {
  const n = Math.PI * (1 - (2 * y) / 2 ** 27);
  return L.latLng((Math.atan(Math.sinh(n)) * 180) / Math.PI, (x / 2 ** 27) * 360 - 180);
};

const toUnits = ({ lat, lng }) => {
  const radians = (lat * Math.PI) / 180;
  return [
    ((lng + 180) / 360) * 2 ** 27,
    ((1 - Math.log(Math.tan(radians) + 1 / Math.cos(radians)) / Math.PI) / 2) * 2 ** 27,
  ];
};

/* How many units make a metre in the middle of the study area. */
const unitsPerMetre = () => {
  const [[south], [north]] = page.meta.bounds;
  return 2 ** 27 / (EARTH_M * Math.cos((((south + north) / 2) * Math.PI) / 180));
};

/* Items of a set whose boxes meet a box; the list is good until the next call. */
let foundItems = new Int32Array(1024);
const within = ({ box, order, blocks }, west, north, east, south) => {
  if (foundItems.length < order.length) foundItems = new Int32Array(order.length);
  let size = 0;
  for (let b = 0; b < blocks.length; b += 4) {
    if (blocks[b] > east || blocks[b + 2] < west || blocks[b + 1] > south || blocks[b + 3] < north)
      continue;
    const last = Math.min(order.length, (b / 4 + 1) * 64);
    for (let k = (b / 4) * 64; k < last; k += 1) {
      const i = order[k],
        at = 4 * i;
      if (box[at] <= east && box[at + 2] >= west && box[at + 1] <= south && box[at + 3] >= north) {
        foundItems[size] = i;
        size += 1;
      }
    }
  }
  return foundItems.subarray(0, size);
};

/* Whether a point lies in an item, by the even-odd rule. */
const isInside = ({ rings, start, x, y }, item, px, py) => {
  let inside = false;
  for (let ring = rings[item]; ring < rings[item + 1]; ring += 1) {
    for (
      let at = start[ring], before = start[ring + 1] - 1;
      at < start[ring + 1];
      before = at, at += 1
    ) {
      if (
        y[at] > py !== y[before] > py &&
        px < ((x[before] - x[at]) * (py - y[at])) / (y[before] - y[at]) + x[at]
      )
        inside = !inside;
    }
  }
  return inside;
};

/* The nearest place on line i: how far away, and which share of the line lies before it. */
const nearestOn = ({ start, x, y }, i, px, py) => {
  let best = Infinity,
    before = 0,
    total = 0,
    share = 0,
    bx = px,
    by = py;
  for (let at = start[i]; at + 1 < start[i + 1]; at += 1) {
    const dx = x[at + 1] - x[at],
      dy = y[at + 1] - y[at],
      length = Math.hypot(dx, dy);
    const t = length
      ? Math.max(0, Math.min(1, ((px - x[at]) * dx + (py - y[at]) * dy) / (length * length)))
      : 0;
    const away = Math.hypot(px - x[at] - t * dx, py - y[at] - t * dy);
    if (away < best) {
      best = away;
      before = total + t * length;
      bx = x[at] + t * dx;
      by = y[at] + t * dy;
    }
    total += length;
  }
  if (total) share = before / total;
  return { away: best, share, x: bx, y: by };
};

/* The part of line i between two shares of its length, as points. */
const partOf = ({ start, x, y }, i, from, to) => {
  const lengths = [0];
  for (let at = start[i] + 1; at < start[i + 1]; at += 1) {
    lengths.push(lengths[lengths.length - 1] + Math.hypot(x[at] - x[at - 1], y[at] - y[at - 1]));
  }
  const total = lengths[lengths.length - 1],
    low = Math.min(from, to) * total,
    high = Math.max(from, to) * total;
  const placeAt = (along) => {
    let k = 1;
    while (k < lengths.length - 1 && lengths[k] < along) k += 1;
    const t =
      lengths[k] > lengths[k - 1] ? (along - lengths[k - 1]) / (lengths[k] - lengths[k - 1]) : 0;
    const at = start[i] + k;
    return [x[at - 1] + t * (x[at] - x[at - 1]), y[at - 1] + t * (y[at] - y[at - 1])];
  };
  const points = [placeAt(low)];
  for (let k = 1; k < lengths.length - 1; k += 1) {
    if (lengths[k] > low && lengths[k] < high) points.push([x[start[i] + k], y[start[i] + k]]);
  }
  points.push(placeAt(high));
  return from <= to ? points : points.reverse();
};

/* A place inside an item to write its name at: in the middle of the widest part at middle height. */
const innerPlace = ({ rings, start, x, y, box }, item) => {
  const north = box[4 * item + 1],
    south = box[4 * item + 3];
  let best = null;
  for (const share of [0.5, 0.4, 0.6, 0.3, 0.7]) {
    const py = north + share * (south - north) + 0.5,
      crossings = [];
    for (let ring = rings[item]; ring < rings[item + 1]; ring += 1) {
      for (
        let at = start[ring], before = start[ring + 1] - 1;
        at < start[ring + 1];
        before = at, at += 1
      ) {
        if (y[at] > py !== y[before] > py)
          crossings.push(((x[before] - x[at]) * (py - y[at])) / (y[before] - y[at]) + x[at]);
      }
    }
    crossings.sort((one, other) => one - other);
    for (let k = 0; k + 1 < crossings.length; k += 2) {
      // What lies nearer to the middle is worth a little more than what is wider.
      const wide = (crossings[k + 1] - crossings[k]) * (share === 0.5 ? 1.25 : 1);
      if (!best || wide > best.wide)
        best = { wide, x: (crossings[k] + crossings[k + 1]) / 2, y: py };
    }
  }
  return best ?? { wide: 0, x: (box[4 * item] + box[4 * item + 2]) / 2, y: (north + south) / 2 };
};

const boundsOfBox = (box, item) =>
  L.latLngBounds(
    toLatLng(box[4 * item], box[4 * item + 3]),
    toLatLng(box[4 * item + 2], box[4 * item + 1]),
  );

/* Homes belong to a facility's circle, to a gap, to a place: where one stands. */
const homePlace = (home) => [page.shapes.homes.cx[home], page.shapes.homes.cy[home]];
const facilityPlace = (facility) => [
  page.s["facility.x"][facility],
  page.s["facility.y"][facility],
];
