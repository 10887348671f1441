/* Tiles on canvas, painted between frames, the oldest first, and repainted in place. */

/* Tiles in sight come at once; without a graphics card each frame costs as much as some tiles. */
const SEEN_MS = 150;
const UNSEEN_MS = 12;
const TILE_PX = 512;

const CanvasTiles = L.GridLayer.extend({
  options: {
    tileSize: TILE_PX,
    keepBuffer: 1,
    updateInterval: 40,
    updateWhenIdle: false,
    updateWhenZooming: false,
  },

  initialize(paint, options) {
    L.setOptions(this, options);
    this._paint = paint;
    this._version = 1;
  },

  createTile(coords, done) {
    const canvas = document.createElement("canvas");
    canvas.tile = { coords, version: 0, ratio: 0, done };
    easel.start();
    return canvas;
  },

  /* Paints everything anew, in place: the old picture stays until the new one is there. */
  repaint() {
    this._version += 1;
    easel.start();
  },

  _ratio(zoom) {
    return Math.min(4, easel.pixels() * 2 ** (this._zoomNow() - zoom));
  },

  _zoomNow() {
    return this._map._animatingZoom ? this._map._animateToZoom : this._map.getZoom();
  },

  /* Tiles that are not painted as they should be, those in sight first. */
  _stale() {
    if (!this._map) return [];
    const found = [],
      sight = this._getTiledPixelBounds(this._map.getCenter());
    for (const { el, current, coords } of Object.values(this._tiles)) {
      if (!current || coords.z !== this._tileZoom) continue;
      const { tile } = el,
        ratio = this._ratio(coords.z);
      if (tile.version === this._version && tile.ratio === ratio) continue;
      const corner = L.point(coords.x, coords.y).multiplyBy(TILE_PX);
      const seen = sight.overlaps(L.bounds(corner, corner.add([TILE_PX, TILE_PX])));
      found.push({ layer: this, el, ratio, seen, order: (seen ? 0 : 1e9) + tile.version });
    }
    return found;
  },

  _paintTile(canvas, ratio) {
    const { tile } = canvas,
      { coords } = tile;
    const size = Math.round(TILE_PX * ratio);
    if (canvas.width !== size) {
      canvas.width = size;
      canvas.height = size;
    }
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, size, size);
    const unitsAcross = TILE_PX * 2 ** (UNITS_ZOOM - coords.z);
    this._paint(context, {
      x0: coords.x * unitsAcross,
      y0: coords.y * unitsAcross,
      scale: size / unitsAcross,
      size,
      zoom: this._zoomNow(),
      ratio: easel.pixels(),
    });
    tile.version = this._version;
    tile.ratio = ratio;
    if (tile.done) {
      tile.done(null, canvas);
      tile.done = null;
    }
  },
});

/* Shares the time between frames among the tiles of all layers. */
const easel = {
  layers: [],
  frame: 0,
  printing: false,
  waiting: [],
  pixels() {
    return Math.min(2, window.devicePixelRatio || 1);
  },
  stale() {
    return this.layers
      .flatMap((layer) => layer._stale())
      .sort((one, other) => one.order - other.order);
  },
  start() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.work(SEEN_MS));
  },
  /* Paints for so long, and goes on in the next frame if something is left. */
  work(span) {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const began = performance.now(),
      stale = this.stale();
    let painted = 0;
    for (const { layer, el, ratio, seen } of stale) {
      if (painted && performance.now() - began > (seen ? span : Math.min(span, UNSEEN_MS))) break;
      layer._paintTile(el, ratio);
      painted += 1;
    }
    if (painted < stale.length) this.start();
    if (!stale[painted]?.seen) for (const done of this.waiting.splice(0)) done();
  },
  /* Resolves when every tile in sight shows what it should. */
  settled() {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.start();
    });
  },
};
