/* What every page with a map does: panes, tools, dialogs, the first view. */

const VERSION = 1;

/* Before any layer is added: the order in which they lie upon each other. */
const prepare = (map) => {
  page.map = map;
  for (const [name, height] of [
    ["cc-ground", 210],
    ["cc-data", 300],
    ["cc-names", 620],
  ]) {
    map.createPane(name).style.zIndex = height;
    map.getPane(name).style.pointerEvents = "none";
  }
  // Between whole zooms, only those at which a tile is whole pixels wide: no blur and no seams.
  const limit = map._limitZoom;
  map._limitZoom = function wholePixels(zoom) {
    const snapped = limit.call(this, zoom),
      below = Math.floor(snapped + 1e-9);
    return below + Math.log2(Math.round(TILE_PX * 2 ** (snapped - below)) / TILE_PX);
  };
};

const fit = () => {
  const legendBox = byId("cc-legend").getBoundingClientRect(),
    box = page.map.getContainer().getBoundingClientRect();
  const wide = box.width >= 760;
  // On a wide screen the legend may lie over a corner, not over the middle.
  const left = wide ? Math.min(24, box.width / 20) : 12;
  const below = wide ? Math.min(legendBox.height * 0.35, box.height * 0.15) : 56;
  page.map.fitBounds(page.meta.bounds, {
    paddingTopLeft: [left + (wide ? 40 : 0), 20],
    paddingBottomRight: [left, below + 12],
    animate: false,
  });
};

const Scale = L.Control.Scale.extend({
  _updateMetric(most) {
    const metres = this._getRoundNum(most);
    const text =
      metres < 1000
        ? say("unit.metres", { n: metres })
        : say("unit.kilometres", { n: metres / 1000 });
    this._updateScale(this._mScale, text, metres / most);
  },
});

const credits = () => {
  const box = byId("cc-credits"),
    lines = page.meta.attribution.filter((line) => !/openstreetmap/i.test(line));
  const osm = node("a", "", say("credit.osm"));
  osm.href = "https://www.openstreetmap.org/copyright";
  osm.target = "_blank";
  osm.rel = "noopener";
  const others = lines.map((line) => dataNode("span", "", line));
  if (state.base === "tianditu" || state.base === "amap")
    others.push(node("span", "", say(`credit.${state.base}`)));
  box.replaceChildren(osm, ...others);
};

const furnish = (map) => {
  for (const [id, act] of [
    ["cc-in", () => map.zoomIn(1)],
    ["cc-out", () => map.zoomOut(1)],
    ["cc-fit", fit],
  ]) {
    byId(id).addEventListener("click", act);
  }
  const full = byId("cc-full"),
    root = document.documentElement;
  full.hidden = !document.fullscreenEnabled;
  full.addEventListener("click", () =>
    document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen(),
  );
  document.addEventListener("fullscreenchange", () =>
    full.setAttribute("aria-pressed", String(Boolean(document.fullscreenElement))),
  );
  const scale = new Scale({ imperial: false, maxWidth: 120 }).addTo(map);
  byId("cc-foot").prepend(scale.getContainer());
  watch("lang", () => scale._update());
  watch("lang base", credits);
  credits();
  const layers = byId("cc-layers");
  layers.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !layers.open) return;
    event.preventDefault();
    layers.open = false;
    layers.querySelector("summary").focus();
  });
};

/* Clicks and the keyboard: with the map in focus, the cross in its middle is the pointer. */
const listenToMap = (map) => {
  const box = map.getContainer();
  const useKeys = (used) => document.body.classList.toggle("cc-keys", used);
  box.addEventListener("keydown", () => useKeys(true));
  box.addEventListener("pointerdown", () => useKeys(false));
  box.addEventListener("blur", () => useKeys(false));
  map.on("click", ({ containerPoint, latlng }) =>
    measure.on ? measure.add(latlng) : select(under(containerPoint)),
  );
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== box || measure.on) return;
    event.preventDefault();
    select(under(map.getSize().divideBy(2)));
  });
  let looking = 0;
  map.on("mousemove", ({ containerPoint }) => {
    cancelAnimationFrame(looking);
    looking = requestAnimationFrame(() =>
      box.classList.toggle("cc-over", !measure.on && under(containerPoint) !== null),
    );
  });
  map.on("moveend zoomend", () => easel.start());
  map.on("zoomend", () => document.body.classList.toggle("cc-far", map.getZoom() < 14));
};

/* A dialog closes with the value of its button; Enter is the first one. */
const answerDialogs = () => {
  for (const dialog of document.querySelectorAll("dialog")) {
    const buttons = [...dialog.querySelectorAll("button")];
    for (const button of buttons)
      button.addEventListener("click", () => dialog.close(button.value));
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.tagName === "INPUT") dialog.close(buttons[0].value);
      // Escape is the dialog's here.
      if (event.key === "Escape") event.stopPropagation();
    });
  }
};

const showView = (map, view) => {
  if (view) map.setView(view.at, view.zoom, { animate: false });
  else fit();
  document.body.classList.toggle("cc-far", map.getZoom() < 14);
  if (view) return;
  // A window that changes keeps the whole study in sight, until its reader has chosen a view.
  const refit = () => {
    if (!easel.printing) fit();
  };
  map.on("resize", refit);
  for (const touch of ["pointerdown", "wheel", "keydown"]) {
    document.addEventListener(touch, () => map.off("resize", refit), {
      once: true,
      passive: true,
      capture: true,
    });
  }
};

/* Opens the packed block and brings the page up; what differs between kinds of pages is handed in:
   `begin` sets the state to begin with, `controls` starts what stands around the map and `layers`
   adds what lies upon it. */
const openPage = async (map, osm, { begin, controls, layers }) => {
  startWorker();
  const packed = byId("care-circle-packed");
  const { meta, sections, shapes } = await ask("open", { base64: packed.textContent.trim() });
  packed.remove();
  if (meta.version !== VERSION) throw new Error(`version ${meta.version}`);
  Object.assign(page, { meta, s: sections, shapes });
  begin(meta, sections);
  const { patch, view, thing } = address.read();
  Object.assign(state, patch);
  controls();
  furnish(map);
  answerDialogs();
  showView(map, view);
  layers();
  marks.start(map);
  measure.start(map);
  online.start(osm);
  printing.start();
  listenToMap(map);
  address.start(map);
  if (thing) select(thing);
  easel.work(Infinity);
  byId("cc-loading").remove();
  document.documentElement.dataset.state = "ready";
  page.readyMs = performance.now();
  address.write();
};

/* Called by the page's own element of folium, when all of folium's are there. */
const start = (map, layers) => {
  document.documentElement.dataset.state = "loading";
  open(map, layers).catch((error) => {
    document.documentElement.dataset.state = "failed";
    const box = byId("cc-loading");
    if (!box) throw error;
    box.classList.add("cc-failed");
    box.textContent = WORDS.failed.join(" ");
    box.append(dataNode("small", "", error.message));
    throw error;
  });
};
