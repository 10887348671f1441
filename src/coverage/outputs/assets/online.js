/* Basemaps from the internet. None is asked for anything until the reader switches it on. */

/* The formulas of GCJ-02 that are public since 2010, as in datum.py: metres to the east and to the north. */
const gcjShift = (lng, lat) => {
  const x = lng - 105,
    y = lat - 35,
    { sin, PI, sqrt, abs, cos } = Math;
  const waves = (value, ...terms) =>
    terms.reduce((sum, [size, per]) => sum + size * sin(value * PI * per), 0) * (2 / 3);
  const shared = waves(x, [20, 6], [20, 2]) + 0.1 * x * y,
    root = sqrt(abs(x));
  const east =
    300 +
    x +
    2 * y +
    0.1 * x * x +
    0.1 * root +
    shared +
    waves(x, [20, 1], [40, 1 / 3], [150, 1 / 12], [300, 1 / 30]);
  const north =
    -100 +
    2 * x +
    3 * y +
    0.2 * y * y +
    0.2 * root +
    shared +
    waves(y, [20, 1], [40, 1 / 3], [160, 1 / 12], [320, 1 / 30]);
  const a = 6378245.0,
    e2 = 0.00669342162296594323,
    phi = (lat * PI) / 180;
  const flat = 1 - e2 * sin(phi) ** 2;
  const parallel = (a / sqrt(flat)) * cos(phi),
    meridian = (a * (1 - e2)) / flat ** 1.5;
  return [(east / parallel) * (180 / PI), (north / meridian) * (180 / PI)];
};

/* Where GCJ-02 says that a place is. */
const toGcj = ({ lat, lng }) => {
  const inChina = lng >= 72.004 && lng <= 137.8347 && lat >= 0.8293 && lat <= 55.8271;
  const [dx, dy] = inChina ? gcjShift(lng, lat) : [0, 0];
  return L.latLng(lat + dy, lng + dx);
};

/* The place that GCJ-02 says is here; each round leaves a fiftieth of the error. */
const fromGcj = (shown) => {
  let guess = shown;
  for (let round = 0; round < 4; round += 1) {
    const there = toGcj(guess);
    guess = L.latLng(guess.lat - (there.lat - shown.lat), guess.lng - (there.lng - shown.lng));
  }
  return guess;
};

/* Tiles drawn in GCJ-02, each laid where its middle truly is. */
const ShiftedTiles = L.TileLayer.extend({
  _getTiledPixelBounds(center) {
    const bounds = L.TileLayer.prototype._getTiledPixelBounds.call(this, center),
      zoom = this._tileZoom;
    const moved = (point) => this._map.project(toGcj(this._map.unproject(point, zoom)), zoom);
    return L.bounds(moved(bounds.min).subtract([2, 2]), moved(bounds.max).add([2, 2]));
  },

  _getTilePos(coords) {
    const place = L.TileLayer.prototype._getTilePos.call(this, coords),
      zoom = coords.z ?? this._tileZoom;
    const middle = coords.scaleBy(this.getTileSize()).add(this.getTileSize().divideBy(2));
    const truly = this._map.project(fromGcj(this._map.unproject(middle, zoom)), zoom);
    return place.subtract(middle.subtract(truly)).round();
  },

  _initTile(tile) {
    L.TileLayer.prototype._initTile.call(this, tile);
    // Neighbours are shifted by a hair more or less: no seam may show.
    tile.style.width = "257px";
    tile.style.height = "257px";
  },
});

const KEY_NAME = "care-circle-tianditu";

/* A browser may forbid a page in a frame to remember anything. */
const remembered = () => {
  try {
    return window.localStorage.getItem(KEY_NAME) ?? "";
  } catch {
    return "";
  }
};
const remember = (key) => {
  try {
    window.localStorage.setItem(KEY_NAME, key);
  } catch {
    /* It is asked for again next time. */
  }
};

const tianditu = (key) => {
  const layer = (name) =>
    L.tileLayer(
      `https://t{s}.tianditu.gov.cn/${name}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=${name}&STYLE=default` +
        `&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=${encodeURIComponent(key)}`,
      { subdomains: "01234567", maxZoom: 19, maxNativeZoom: 18 },
    );
  return L.layerGroup([layer("vec"), layer("cva")]);
};

const amap = () =>
  new ShiftedTiles(
    "https://webrd0{s}.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}",
    { subdomains: "1234", maxZoom: 19, maxNativeZoom: 18 },
  );

const online = {
  shown: null,

  start(osm) {
    this.osm = osm;
    for (const radio of document.querySelectorAll("#cc-layers input[name=base]")) {
      radio.addEventListener("change", () => this.choose(radio.value));
    }
    watch("base", () => this.show());
    byId("cc-key").addEventListener("close", () => this.answered());
  },

  async choose(base) {
    if (base === "tianditu" && !this.key()) {
      byId("cc-key").returnValue = "no";
      byId("cc-key").showModal();
      return;
    }
    change({ base });
  },

  key() {
    return page.meta.tianditu || remembered() || this.typed || "";
  },

  answered() {
    const typed = byId("cc-key-text").value.trim();
    if (byId("cc-key").returnValue === "yes" && typed) {
      this.typed = typed;
      remember(typed);
      change({ base: "tianditu" });
    }
    this.reflect();
  },

  reflect() {
    for (const radio of document.querySelectorAll("#cc-layers input[name=base]"))
      radio.checked = radio.value === state.base;
  },

  show() {
    this.shown?.remove();
    const made = {
      own: () => null,
      osm: () => this.osm,
      tianditu: () => tianditu(this.key()),
      amap,
    };
    this.shown = made[state.base]();
    this.shown?.addTo(page.map);
    const own = state.base === "own";
    document.body.classList.toggle("cc-online", !own);
    if (own) page.ground.addTo(page.map);
    else page.ground.remove();
    this.reflect();
  },
};
