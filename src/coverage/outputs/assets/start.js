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
  await openPage(map, osm, {
    begin({ own, tiers }) {
      Object.assign(state, { ...own, minutes: tiers[own.tier].threshold });
    },
    controls() {
      panel.start();
      legend.start();
      card.start();
      finder.start();
    },
    layers() {
      addLayers(map);
      pins.start(cluster);
      proposals.start(map);
    },
  });
  page.names = await ask("names");
  page.nameLayer._later();
};
