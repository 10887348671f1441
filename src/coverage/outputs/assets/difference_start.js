/* From an empty page to the map of a difference. */

const keys = {
  start() {
    const box = byId("cc-tiers");
    page.meta.tiers.forEach((tier, t) => {
      const button = node("button", "cc-tier cc-five");
      button.type = "button";
      button.dataset.tier = tier.id;
      button.append(node("strong"), node("span", "cc-tier-name"), node("small"));
      button.addEventListener("click", () => change({ tier: t }));
      box.append(button);
    });
    watch("tier lang", () => this.words());
    this.words();
  },

  /* Which figures speak: people, or street where nobody knows them. */
  words() {
    page.meta.tiers.forEach((tier, t) => {
      const button = byId("cc-tiers").children[t],
        { people, km } = page.meta.whole.figures[t];
      button.setAttribute("aria-pressed", String(t === state.tier));
      button.querySelector("strong").textContent = people
        ? signed(people.after - people.before, count)
        : say("unit.kilometres", { n: signed(km.after - km.before, km2) });
      button.querySelector(".cc-tier-name").textContent = named(tier);
      const change_ = signed(km.after - km.before, km2);
      button.querySelector("small").textContent = people
        ? say("unit.kilometres", { n: change_ })
        : "";
    });
    const { people, km } = figuresNow(page.meta.whole),
      tier = named(page.meta.tiers[state.tier]);
    byId("cc-headline").querySelector("b").textContent = people
      ? say("diff.headline.people", {
          tier,
          before: count(people.before),
          after: count(people.after),
          gained: count(people.gained),
          lost: count(people.lost),
        })
      : say("diff.headline.km", {
          tier,
          before: km2(km.before),
          after: km2(km.after),
          gained: km2(km.gained),
          lost: km2(km.lost),
        });
    const other = people ? otherChange(people) : 0;
    byId("cc-headline").querySelector("span").textContent =
      Math.abs(other) >= 0.5 ? say("diff.headline.other", { other: signed(other, count) }) : "";
    byId("cc-change").textContent = say("diff.sides", {
      before: page.meta.sides[0],
      after: page.meta.sides[1],
    });
  },
};

/* Names of areas with what they gain and lose. */
const nameAreas = () => {
  page.areaLabels = page.meta.areas
    .map((name, area) => {
      const { people, km } = figuresNow(page.meta.areaFigures[area]);
      const parts = people
        ? [people.gained, people.lost].map((value) => Math.round(value))
        : [km.gained, km.lost].map((value) => Math.round(value * 100) / 100);
      const written = people ? count : km2;
      const said = [parts[0] ? `+${written(parts[0])}` : "", parts[1] ? `−${written(parts[1])}` : ""];
      return { text: [shortened(name), ...said.filter(Boolean)].join(" "), area };
    })
    .filter(({ area }) => page.shapes.areas.rings[area + 1] > page.shapes.areas.rings[area])
    .map((about) => ({ ...about, ...innerPlace(page.shapes.areas, about.area) }))
    .sort((one, other) => other.wide - one.wide);
};

/* What forbids to compare stands beside the figures; what differs otherwise unfolds. */
const notes = () => {
  const box = byId("cc-warnings"),
    { warnings, settings } = page.meta,
    strip = node("div", "cc-notices cc-doubts");
  strip.setAttribute("role", "note");
  if (warnings.length) box.before(strip);
  box.hidden = !settings.length;
  const draw = () => {
    strip.setAttribute("aria-label", say("notices"));
    strip.replaceChildren(...warnings.map((line) => dataNode("p", "", named(line))));
    box.querySelector("summary").textContent = say("diff.notes", { n: settings.length });
    box
      .querySelector("ul")
      .replaceChildren(
        ...settings.map(({ what, before, after }) =>
          dataNode("li", "", `${what}: ${before} → ${after}`),
        ),
      );
  };
  watch("lang", draw);
  draw();
};

const addLooks = (map) => {
  for (const side of ["before", "after"])
    for (const [pane, height] of [
      [`cc-${side}`, 301],
      [`cc-pins-${side}`, 601],
    ])
      map.createPane(pane).style.zIndex = height;
  page.ground = new CanvasTiles(paintGround, { pane: "cc-ground" });
  page.looks = {
    difference: new CanvasTiles(paintLook("difference"), { pane: "cc-data" }),
    before: new CanvasTiles(paintLook("before"), { pane: "cc-before" }),
    after: new CanvasTiles(paintLook("after"), { pane: "cc-after" }),
  };
  for (const side of ["before", "after"]) map.getPane(`cc-${side}`).style.pointerEvents = "none";
  easel.layers = [page.ground, ...Object.values(page.looks)];
  page.ground.addTo(map);
  nameAreas();
  nameFacilities();
  page.nameLayer = new NameLayer().addTo(map);
  watch("shown base tier", () => {
    for (const layer of Object.values(page.looks)) layer.repaint();
  });
  watch("shown", () => page.ground.repaint());
  watch("shown tier lang view", () => {
    nameAreas();
    nameFacilities();
    page.nameLayer._later();
  });
};

const open = (map, { osm }) =>
  openPage(map, osm, {
    begin({ tiers, facilities }, sections) {
      const all = facilities.map((_, i) => i);
      page.byTier = tiers.map(({ of }) =>
        of === null ? all : all.filter((i) => sections["facility.tier"][i] === of),
      );
      Object.assign(state, { view: "difference", divider: 0.5 });
    },
    controls() {
      const { shapes } = page;
      panel.language();
      panel.layers({
        homes: shapes.homes.order.length,
        areas: shapes.areas.order.length,
        water: shapes.water.order.length + shapes.waterlines.order.length,
        buildings: shapes.buildings.order.length,
        ways: shapes.ways.order.length,
        facilities: page.meta.facilities.length,
      });
      keys.start();
      legend.start();
      watch("lang", () => panel.spoken());
      panel.spoken();
      notes();
      card.start();
      byId("cc-more").addEventListener("click", () => panel.sheet());
    },
    layers() {
      addLooks(map);
      swipe.start(map);
      pins.start(map);
    },
  });
