/* Names, on one canvas over the map, each where no other name and no marker stands. */

const SANS =
  '"Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC", "Segoe UI", system-ui, sans-serif';
const LABELS = {
  area: { font: `600 13px ${SANS}`, colour: "#37332d", from: 10.5, spaced: "0.08em" },
  place: { font: `500 12px ${SANS}`, colour: "#6a6257", from: 12.5 },
  water: { font: `italic 500 13px ${SANS}`, colour: "#4a7892", from: 12, spaced: "0.2em" },
  facility: { font: `600 11.5px ${SANS}`, colour: "#1b1b3a", from: 15.25 },
  home: { font: `500 11px ${SANS}`, colour: "#6a6257", from: 16.5 },
  street: { font: `500 11px ${SANS}`, colour: "#4a453e", from: 15.75 },
};
const LONGEST_LABEL = 24;
const STREET_APART_PX = 260;
const AREA_TRIES = [0, 18, 32, 46, 60].flatMap((far) =>
  far === 0
    ? [[0, 0]]
    : [
        [0, -far],
        [0, far],
        [-1.5 * far, 0],
        [1.5 * far, 0],
        [far, -far],
        [-far, far],
        [far, far],
        [-far, -far],
      ],
);

const shortened = (text) =>
  text.length > LONGEST_LABEL ? `${[...text].slice(0, LONGEST_LABEL - 1).join("")}…` : text;

/* Boxes that are taken; a new one is refused where it meets another. */
class Room {
  constructor() {
    this.boxes = [];
  }

  take(left, top, right, bottom, gap = 3) {
    for (const box of this.boxes) {
      if (
        left - gap < box[2] &&
        box[0] < right + gap &&
        top - gap < box[3] &&
        box[1] < bottom + gap
      )
        return false;
    }
    this.boxes.push([left, top, right, bottom]);
    return true;
  }
}

const NameLayer = L.Layer.extend({
  onAdd(map) {
    this._canvas = L.DomUtil.create(
      "canvas",
      "leaflet-zoom-animated cc-names",
      map.getPane("cc-names"),
    );
    this.hits = [];
    this._later();
  },

  onRemove() {
    this._canvas.remove();
  },

  getEvents() {
    return {
      moveend: this._later,
      zoomend: this._later,
      resize: this._later,
      viewreset: this._later,
      zoomanim: this._animate,
    };
  },

  _later() {
    cancelAnimationFrame(this._frame);
    this._frame = requestAnimationFrame(() => this.redraw());
  },

  _animate({ zoom, center }) {
    if (!this._corner) return;
    const scale = this._map.getZoomScale(zoom, this._zoom);
    const offset = this._map._latLngToNewLayerPoint(this._corner, zoom, center);
    L.DomUtil.setTransform(this._canvas, offset, scale);
  },

  redraw() {
    const map = this._map;
    if (!map || map._animatingZoom || !page.meta) return;
    const size = map.getSize(),
      ratio = easel.printing ? 3 : Math.min(3, window.devicePixelRatio || 1);
    const canvas = this._canvas;
    canvas.width = size.x * ratio;
    canvas.height = size.y * ratio;
    canvas.style.width = `${size.x}px`;
    canvas.style.height = `${size.y}px`;
    L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([0, 0]));
    L.DomUtil.setTransform(canvas, map.containerPointToLayerPoint([0, 0]), 1);
    this._corner = map.containerPointToLatLng([0, 0]);
    this._zoom = map.getZoom();
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    const [x0, y0] = toUnits(this._corner),
      scale = 2 ** (this._zoom - UNITS_ZOOM);
    this.hits = [];
    this._paint(context, { x0, y0, scale, size, zoom: this._zoom, room: new Room() });
  },

  _paint(context, view) {
    if (state.shown.facilities) this._keepMarkersClear(view);
    if (state.shown.names) {
      for (const { text, x, y, area, wide } of areaLabels()) {
        // From so far that the name is wider than what it names, it says nothing.
        if (wide * view.scale > 60) this._write(context, view, "area", text, x, y, { area });
      }
      for (const { name, kind, x, y } of page.meta.places)
        this._write(context, view, kind === "water" ? "water" : "place", name, x, y);
    }
    if (state.shown.facilities && view.zoom >= LABELS.facility.from) {
      for (const i of membersOf(state.tier)) {
        const [x, y] = facilityPlace(i);
        this._write(context, view, "facility", page.meta.facilities[i].name, x, y, { below: 25 });
      }
    }
    if (!state.shown.names) return;
    if (view.zoom >= LABELS.street.from && page.names) this._streets(context, view);
    if (view.zoom >= LABELS.home.from && page.s["home.label"]) {
      const { homes } = page.shapes,
        { x0, y0, scale, size } = view;
      for (const home of within(homes, x0, y0, x0 + size.x / scale, y0 + size.y / scale).slice()) {
        this._write(
          context,
          view,
          "home",
          page.meta.homeNames[page.s["home.label"][home]],
          homes.cx[home],
          homes.cy[home],
        );
      }
    }
  },

  _keepMarkersClear({ room }) {
    const { x, y } = this._map.getContainer().getBoundingClientRect();
    for (const pin of document.querySelectorAll(".cc-pin .cc-badge")) {
      const box = pin.getBoundingClientRect();
      room.boxes.push([box.left - x, box.top - y, box.right - x, box.bottom - y]);
    }
  },

  _write(context, view, kind, text, x, y, { below = 0, area } = {}) {
    const style = LABELS[kind];
    if (!text || view.zoom < style.from) return;
    const px = (x - view.x0) * view.scale,
      py = (y - view.y0) * view.scale + below;
    if (px < -80 || py < -20 || px > view.size.x + 80 || py > view.size.y + 20) return;
    const written = shortened(text);
    context.font = style.font;
    context.letterSpacing = style.spaced ?? "0px";
    const half = context.measureText(written).width / 2;
    // The name of an area may give way to a marker, as long as it stays in its area.
    for (const [dx, dy] of area === undefined ? [[0, 0]] : AREA_TRIES) {
      const [cx, cy] = [px + dx, py + dy];
      if (
        (dx || dy) &&
        !isInside(page.shapes.areas, area, x + dx / view.scale, y + dy / view.scale)
      )
        continue;
      if (!view.room.take(cx - half, cy - 8, cx + half, cy + 8)) continue;
      this._ink(context, style.colour, written, cx, cy);
      if (area !== undefined)
        this.hits.push({ area, box: [cx - half - 4, cy - 14, cx + half + 4, cy + 14] });
      return;
    }
  },

  _ink(context, colour, text, x, y) {
    context.strokeStyle = "rgba(255, 253, 249, 0.92)";
    context.lineWidth = 3.2;
    context.strokeText(text, x, y);
    context.fillStyle = colour;
    context.fillText(text, x, y);
  },

  /* All rims before all letters: no rim may cover the letter before. */
  _inkAlong(context, letters, spots) {
    for (const ink of [
      (letter) => context.strokeText(letter, 0, 0),
      (letter) => context.fillText(letter, 0, 0),
    ]) {
      spots.forEach(([x, y, angle], k) => {
        context.save();
        context.translate(x, y);
        context.rotate(angle);
        ink(letters[k]);
        context.restore();
      });
    }
  },

  /* Along streets, letter by letter. */
  _streets(context, view) {
    const { names } = page,
      { x0, y0, scale, size, room } = view;
    const written = new Map();
    context.font = LABELS.street.font;
    context.letterSpacing = "0px";
    context.strokeStyle = "rgba(255, 253, 249, 0.92)";
    context.lineWidth = 3;
    context.fillStyle = LABELS.street.colour;
    const found = within(names, x0, y0, x0 + size.x / scale, y0 + size.y / scale).slice();
    for (const i of found) {
      const text = page.meta.streetNames[names.name[i]];
      if (!text || text.length > LONGEST_LABEL || /[\u0590-\u08ff]/.test(text)) continue;
      const letters = [...text],
        widths = letters.map((letter) => context.measureText(letter).width + 1.5);
      const span = widths.reduce((sum, width) => sum + width, 0);
      const points = [];
      for (let at = names.start[i]; at < names.start[i + 1]; at += 1)
        points.push([(names.x[at] - x0) * scale, (names.y[at] - y0) * scale]);
      for (const place of placesAlong(points, span)) {
        const [cx, cy] = place[Math.floor(place.length / 2)];
        const near = written.get(text) ?? [];
        if (near.some(([ox, oy]) => Math.hypot(ox - cx, oy - cy) < STREET_APART_PX)) continue;
        const spots = spotsAlong(place, widths, /^[\u3000-\u9fff\uff00-\uffef]+$/.test(text));
        if (!spots || spots.some(([x, y]) => x < 4 || y < 4 || x > size.x - 4 || y > size.y - 4))
          continue;
        const before = room.boxes.length;
        const free = spots.every(([x, y], k) => {
          const half = widths[k] / 2;
          // Letters of one name may stand close to each other.
          return !room.boxes
            .slice(0, before)
            .some(
              (box) =>
                x - half - 2 < box[2] && box[0] < x + half + 2 && y - 8 < box[3] && box[1] < y + 8,
            );
        });
        if (!free) continue;
        spots.forEach(([x, y], k) =>
          room.boxes.push([x - widths[k] / 2, y - 7, x + widths[k] / 2, y + 7]),
        );
        written.set(text, [...near, [cx, cy]]);
        this._inkAlong(context, letters, spots);
      }
    }
  },
});

/* Stretches of a line that are long enough for a text and do not bend too much, most central first. */
const placesAlong = (points, span) => {
  const found = [];
  let total = 0;
  const along = points.map((point, k) => {
    if (k) total += Math.hypot(point[0] - points[k - 1][0], point[1] - points[k - 1][1]);
    return total;
  });
  if (total < span + 12) return found;
  const tries = Math.min(12, Math.max(1, Math.floor(total / Math.max(span * 1.2, 90))));
  for (let t = 0; t < tries; t += 1) {
    const middle = ((t + 0.5) / tries) * total,
      from = middle - span / 2,
      to = middle + span / 2;
    const stretch = [];
    for (let k = 0; k + 1 < points.length; k += 1) {
      if (along[k + 1] < from || along[k] > to) continue;
      const length = along[k + 1] - along[k] || 1;
      const at = (where) =>
        [0, 1].map(
          (axis) =>
            points[k][axis] +
            ((where - along[k]) / length) * (points[k + 1][axis] - points[k][axis]),
        );
      if (!stretch.length) stretch.push(at(Math.max(from, along[k])));
      stretch.push(at(Math.min(to, along[k + 1])));
    }
    if (stretch.length > 1 && isGentle(stretch)) found.push(stretch);
  }
  return found;
};

const isGentle = (points) => {
  const headings = [];
  for (let k = 1; k < points.length; k += 1) {
    const dx = points[k][0] - points[k - 1][0],
      dy = points[k][1] - points[k - 1][1];
    if (Math.hypot(dx, dy) > 1.5) headings.push(Math.atan2(dy, dx));
  }
  return headings.every((heading) => Math.abs(Math.sin((heading - headings[0]) / 2)) < 0.4);
};

/* Where each letter stands and how it is turned; names are never upside down. */
const spotsAlong = (points, widths, upright) => {
  const [first] = points,
    last = points[points.length - 1];
  const steep = Math.abs(last[1] - first[1]) > 2.5 * Math.abs(last[0] - first[0]);
  // Chinese stands upright on a steep street, read from above; all else leans with it.
  const stacked = upright && steep;
  const line = (stacked ? last[1] < first[1] : last[0] < first[0]) ? [...points].reverse() : points;
  const spots = [];
  let k = 0,
    before = 0;
  let place = 0;
  for (const width of widths) {
    const middle = place + width / 2;
    for (;;) {
      if (k + 1 >= line.length) return null;
      const dx = line[k + 1][0] - line[k][0],
        dy = line[k + 1][1] - line[k][1],
        length = Math.hypot(dx, dy);
      if (before + length >= middle - 0.5) {
        const t = length ? (middle - before) / length : 0;
        spots.push([line[k][0] + t * dx, line[k][1] + t * dy, stacked ? 0 : Math.atan2(dy, dx)]);
        break;
      }
      before += length;
      k += 1;
    }
    place += width;
  }
  return spots;
};

/* Areas with the place of their names, the largest first. */
const areaLabels = () => {
  page.areaLabels ??= page.meta.areas
    .map((text, area) => ({ text, area }))
    .filter(({ area }) => {
      const { rings } = page.shapes.areas;
      return rings[area + 1] > rings[area];
    })
    .map((about) => ({ ...about, ...innerPlace(page.shapes.areas, about.area) }))
    .sort((one, other) => other.wide - one.wide);
  return page.areaLabels;
};
