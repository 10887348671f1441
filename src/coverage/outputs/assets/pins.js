/* Facilities of the present tier as markers, gathered where they are many. */

const pinIcon = (i) => {
  const tier = page.meta.tiers[page.s["facility.tier"][i]],
    { snapped } = page.meta.facilities[i];
  const chosen = isChosen({ kind: "facility", i });
  return L.divIcon({
    className: `cc-pin cc-${tier.id}${snapped ? "" : " cc-off"}${chosen ? " cc-chosen" : ""}`,
    html: node("span", "cc-badge", glyphOf(tier)),
    iconSize: [32, 32],
  });
};

const pins = {
  markers: new Map(),
  group: null,

  face(cluster) {
    const members = cluster.getAllChildMarkers();
    const tier = page.meta.tiers[page.s["facility.tier"][members[0].facility]];
    const badge = node("span", "cc-badge"),
      face = [node("b", "", glyphOf(tier)), node("i", "", String(members.length))];
    for (const part of face) part.setAttribute("aria-hidden", "true");
    badge.append(...face, node("span", "cc-unseen", say("cluster", { n: members.length })));
    const off = members.every(({ facility }) => page.meta.facilities[facility].snapped)
      ? ""
      : " cc-off";
    return L.divIcon({
      className: `cc-pin cc-many cc-${tier.id}${off}`,
      html: badge,
      iconSize: [40, 32],
    });
  },

  start(group) {
    this.group = group;
    this.fill();
    watch("tier lang", () => this.fill());
    watch("shown", () => this.show());
    watch("selected", () => this.refreshChosen());
  },

  marker(i) {
    const thing = { kind: "facility", i };
    const marker = choosable(thing, facilityPlace(i), {
      icon: pinIcon(i),
      label: () => facilityName(i),
    });
    marker.facility = i;
    return marker;
  },

  fill() {
    this.group.clearLayers();
    this.markers = new Map(membersOf(state.tier).map((i) => [i, this.marker(i)]));
    this.group.addLayers([...this.markers.values()]);
    this.show();
  },

  show() {
    const { map } = page;
    if (state.shown.facilities) this.group.addTo(map);
    else this.group.remove();
  },

  refreshChosen() {
    for (const [i, marker] of this.markers) {
      const chosen = isChosen({ kind: "facility", i });
      if (marker.chosen !== chosen) {
        marker.chosen = chosen;
        marker.setIcon(pinIcon(i));
        marker.getElement()?.setAttribute("aria-label", facilityName(i));
      }
    }
  },
};

/* folium's cluster asks for the face of each by this name. */
const clusterFace = (cluster) => pins.face(cluster);
