/* One A3 page across: the map is laid out anew for it, and put back afterwards. */

const PRINT_RATIO = 2;

const printing = {
  start() {
    byId("cc-print").addEventListener("click", () => window.print());
    // Also when the browser's own menu prints.
    window.addEventListener("beforeprint", () => this.lay());
    window.addEventListener("afterprint", () => this.back());
  },

  /* Before the page is printed there is no next frame: all is painted at once. */
  lay() {
    if (easel.printing) return;
    const { map } = page;
    this.before = {
      center: map.getCenter(),
      zoom: map.getZoom(),
      bounds: map.getBounds(),
      open: byId("cc-legend").open,
    };
    byId("cc-legend").open = true;
    easel.printing = true;
    document.body.classList.add("cc-printing");
    map.invalidateSize({ pan: false });
    map.fitBounds(this.before.bounds, { animate: false });
    this.paint(map);
    page.nameLayer.redraw();
  },

  /* One picture in the place of all tiles: a printer shows the seams between them. */
  paint(map) {
    const { x, y } = map.getSize(),
      side = Math.max(x, y);
    const canvas = L.DomUtil.create("canvas", "cc-printed", map.getPane("cc-data"));
    canvas.width = side * PRINT_RATIO;
    canvas.height = side * PRINT_RATIO;
    canvas.style.width = `${side}px`;
    L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([0, 0]));
    const [x0, y0] = toUnits(map.containerPointToLatLng([0, 0])),
      zoom = map.getZoom();
    const scale = PRINT_RATIO * 2 ** (zoom - UNITS_ZOOM);
    const view = { x0, y0, scale, size: canvas.width, zoom, ratio: PRINT_RATIO };
    const context = canvas.getContext("2d");
    if (state.base === "own") paintGround(context, view);
    paintData(context, view);
    this.picture = canvas;
  },

  back() {
    if (!easel.printing) return;
    const { map } = page,
      { center, zoom, open } = this.before;
    easel.printing = false;
    this.picture.remove();
    document.body.classList.remove("cc-printing");
    byId("cc-legend").open = open;
    map.invalidateSize({ pan: false });
    map.setView(center, zoom, { animate: false });
    easel.start();
    page.nameLayer.redraw();
  },
};
