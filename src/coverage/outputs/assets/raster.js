/* Lines drawn by hand into the bytes of a picture. A canvas draws a city's streets ten times slower, and
   darkens what lies on top of itself. */

/* Adds a segment with round ends to a mask of size x size bytes: the part of each pixel that lies within r
   of it; of several segments the largest part counts. */
const stroke = (mask, size, ax, ay, bx, by, r) => {
  const x0 = ax - 0.5,
    y0 = ay - 0.5,
    dx = bx - ax,
    dy = by - ay;
  const reach = r + 0.5,
    inner = r > 0.5 ? (r - 0.5) * (r - 0.5) : 0,
    outer = reach * reach;
  const squared = dx * dx + dy * dy,
    length = Math.sqrt(squared);
  const left = Math.min(x0, x0 + dx) - reach,
    right = Math.max(x0, x0 + dx) + reach;
  const top = Math.max(0, Math.ceil(Math.min(y0, y0 + dy) - reach));
  const bottom = Math.min(size - 1, Math.floor(Math.max(y0, y0 + dy) + reach));
  const slant = Math.abs(dy) > 1e-6 ? dx / dy : 0,
    half = Math.abs(dy) > 1e-6 ? (reach * length) / Math.abs(dy) : Infinity;
  const perLength = squared > 0 ? 1 / squared : 0;
  for (let j = top; j <= bottom; j += 1) {
    const py = j - y0,
      middle = x0 + py * slant;
    const first = Math.max(0, Math.ceil(Math.max(left, middle - half)));
    const last = Math.min(size - 1, Math.floor(Math.min(right, middle + half)));
    for (let i = first, at = j * size + first; i <= last; i += 1, at += 1) {
      if (mask[at] === 255) continue;
      const px = i - x0;
      let t = (px * dx + py * dy) * perLength;
      if (t < 0) t = 0;
      else if (t > 1) t = 1;
      const ex = px - t * dx,
        ey = py - t * dy,
        away = ex * ex + ey * ey;
      if (away >= outer) continue;
      const part = away <= inner ? 255 : ((reach - Math.sqrt(away)) * 255) | 0;
      if (part > mask[at]) mask[at] = part > 255 ? 255 : part;
    }
  }
};

/* A picture of one tile and a mask beside it, used again and again. */
class Slate {
  constructor() {
    this.size = 0;
  }

  ready(size) {
    if (this.size !== size) {
      this.size = size;
      this.image = new ImageData(size, size);
      this.pixels = new Uint32Array(this.image.data.buffer);
      // Rounded up to whole words.
      const bytes = new ArrayBuffer(Math.ceil((size * size) / 4) * 4);
      this.mask = new Uint8Array(bytes);
      this.words = new Uint32Array(bytes);
      this.canvas = document.createElement("canvas");
      this.canvas.width = size;
      this.canvas.height = size;
    } else {
      this.pixels.fill(0);
    }
  }

  /* Lays the mask over the picture in a colour, and clears it. */
  lay([red, green, blue], alpha) {
    const { mask, words, pixels } = this;
    const colour = (blue << 16) | (green << 8) | red,
      solid = (colour | 0xff000000) >>> 0;
    const strength = Math.round(alpha * 256);
    for (let w = 0; w < words.length; w += 1) {
      if (words[w] === 0) continue;
      for (let at = 4 * w, end = at + 4; at < end; at += 1) {
        const a = (mask[at] * strength) >> 8;
        if (a === 0) continue;
        const under = pixels[at];
        if (a === 255) pixels[at] = solid;
        else if (under >>> 24 === 0) pixels[at] = ((a << 24) | colour) >>> 0;
        else pixels[at] = over(under, red, green, blue, a);
      }
      words[w] = 0;
    }
  }

  /* Puts the picture on a canvas, over what is there, so many times enlarged. */
  put(context, times = 1) {
    this.canvas.getContext("2d").putImageData(this.image, 0, 0);
    context.drawImage(this.canvas, 0, 0, this.size * times, this.size * times);
  }
}

const slate = new Slate();

/* One colour over another, both with their own alpha. */
const over = (under, red, green, blue, a) => {
  const rest = ((under >>> 24) * (255 - a)) / 255,
    total = a + rest,
    share = a / total,
    other = rest / total;
  const r = (red * share + (under & 255) * other + 0.5) | 0;
  const g = (green * share + ((under >>> 8) & 255) * other + 0.5) | 0;
  const b = (blue * share + ((under >>> 16) & 255) * other + 0.5) | 0;
  return ((((total + 0.5) | 0) << 24) | (b << 16) | (g << 8) | r) >>> 0;
};

/* The whole of line i, or with a dash [on, off] parts of it. */
const strokeLine = (view, shape, i, r, dash, { mask, size } = slate) => {
  const { x0, y0, scale } = view,
    { start, x, y } = shape;
  let ax = (x[start[i]] - x0) * scale,
    ay = (y[start[i]] - y0) * scale;
  if (dash) {
    strokeDashes(view, shape, i, r, dash);
    return;
  }
  for (let at = start[i] + 1; at < start[i + 1]; at += 1) {
    const bx = (x[at] - x0) * scale,
      by = (y[at] - y0) * scale;
    stroke(mask, size, ax, ay, bx, by, r);
    ax = bx;
    ay = by;
  }
};

const strokeDashes = (view, shape, i, r, [on, off]) => {
  const { mask, size } = slate,
    { x0, y0, scale } = view,
    { start, x, y } = shape;
  let left = on,
    drawing = true;
  for (let at = start[i]; at + 1 < start[i + 1]; at += 1) {
    const ax = (x[at] - x0) * scale,
      ay = (y[at] - y0) * scale;
    const dx = (x[at + 1] - x0) * scale - ax,
      dy = (y[at + 1] - y0) * scale - ay;
    const length = Math.hypot(dx, dy);
    let done = 0;
    while (done < length) {
      const next = Math.min(length, done + left);
      if (drawing) {
        const from = done / length,
          to = next / length;
        stroke(mask, size, ax + from * dx, ay + from * dy, ax + to * dx, ay + to * dy, r);
      }
      left -= next - done;
      done = next;
      if (left <= 1e-9) {
        drawing = !drawing;
        left = drawing ? on : off;
      }
    }
  }
};
