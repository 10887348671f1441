/* Facilities: what has opened and what has closed stands out; those of both runs are small. */

const tierOfFacility = (i) => page.meta.tiers[page.s["facility.tier"][i]];

const SIGNS = { opened: "+", closed: "×", both: "" };

const facilityLabel = (i) =>
  say("diff.facility.label", {
    name: facilityName(i),
    tier: named(tierOfFacility(i)),
    status: say(`diff.facility.${page.meta.facilities[i].status}`),
  });

/* Facilities of the present tier, by their positions. */
const facilitiesNow = () => page.byTier[state.tier];

/* On a side of the divider the other run's facilities have no name. */
const nameFacilities = () => {
  page.members = page.byTier.map((some) =>
    state.view === "difference"
      ? some
      : some.filter((i) => page.meta.facilities[i].status === "both"),
  );
};

const pins = {
  groups: {},

  start(map) {
    for (const side of ["difference", "before", "after"]) this.groups[side] = L.layerGroup();
    this.map = map;
    this.fill();
    watch("tier lang selected", () => this.fill());
    watch("shown view", () => this.show());
  },

  icon(i) {
    const { status } = page.meta.facilities[i],
      tier = tierOfFacility(i),
      badge = node("span", "cc-badge", glyphOf(tier));
    if (SIGNS[status]) badge.append(node("i", "cc-sign", SIGNS[status]));
    const chosen = isChosen({ kind: "facility", i });
    return L.divIcon({
      className: `cc-pin cc-${tier.id} cc-was-${status}${chosen ? " cc-chosen" : ""}`,
      html: badge,
      iconSize: [32, 32],
    });
  },

  marker(i, pane) {
    return choosable({ kind: "facility", i }, facilityPlace(i), {
      icon: this.icon(i),
      label: () => facilityLabel(i),
      zIndexOffset: page.meta.facilities[i].status === "both" ? 0 : 1000,
      ...(pane ? { pane } : {}),
    });
  },

  fill() {
    for (const group of Object.values(this.groups)) group.clearLayers();
    for (const i of facilitiesNow()) {
      const { status } = page.meta.facilities[i];
      this.groups.difference.addLayer(this.marker(i));
      if (status !== "opened") this.groups.before.addLayer(this.marker(i, "cc-pins-before"));
      if (status !== "closed") this.groups.after.addLayer(this.marker(i, "cc-pins-after"));
    }
    this.show();
  },

  show() {
    const sides = state.view === "difference" ? ["difference"] : ["before", "after"];
    for (const [side, group] of Object.entries(this.groups)) {
      if (state.shown.facilities && sides.includes(side)) group.addTo(this.map);
      else group.remove();
    }
  },
};
