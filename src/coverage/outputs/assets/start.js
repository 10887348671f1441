/* From an empty page to a map. */

const addLayers = (map) => {
  page.ground = new CanvasTiles(paintGround, { pane: "cc-ground" });
  page.data = new CanvasTiles(paintData, { pane: "cc-data" });
  easel.layers = [page.ground, page.data];
  page.ground.addTo(map);
  page.data.addTo(map);
  page.nameLayer = new NameLayer().addTo(map);
  watch(`shown found base ${CHOICE}`, () => {
    forgetStyle();
    page.data.repaint();
  });
  watch("shown", () => page.ground.repaint());
  watch("shown tier lang", () => page.nameLayer._later());
};

const open = async (map, { osm, cluster }) => {
  startWorker();
  const packed = byId("care-circle-packed");
  const { meta, sections, shapes } = await ask("open", { base64: packed.textContent.trim() });
  packed.remove();
  if (meta.version !== VERSION) throw new Error(`version ${meta.version}`);
  Object.assign(page, { meta, s: sections, shapes });
  const { own, tiers } = meta;
  Object.assign(state, { ...own, minutes: tiers[own.tier].threshold });
  const { patch, view, thing } = address.read();
  Object.assign(state, patch);
  panel.start();
  legend.start();
  card.start();
  finder.start();
  furnish(map);
  answerDialogs();
  showView(map, view);
  addLayers(map);
  pins.start(cluster);
  proposals.start(map);
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
  page.names = await ask("names");
  page.nameLayer._later();
};
