/* Markers of things that can be chosen: facilities and what is proposed. */

const glyphOf = (tier) => (state.lang === "zh" ? tier.glyph : tier.en.charAt(0).toUpperCase());

const facilityName = (i) => page.meta.facilities[i].name || say("unnamed");

const isChosen = ({ kind, i }) => state.selected?.kind === kind && state.selected.i === i;

/* A marker that a click and Enter choose; its label is read out, and shown `up` pixels above it. */
const choosable = (thing, place, { icon, label, up = 12, ...options }) => {
  const marker = L.marker(toLatLng(...place), {
    icon,
    keyboard: true,
    riseOnHover: true,
    ...options,
  });
  marker.bindTooltip(() => dataNode("span", "", label()), {
    direction: "top",
    offset: [0, -up],
    className: "cc-tip",
  });
  marker.on("click", () => select(thing));
  marker.on("keypress", ({ originalEvent }) => {
    if (originalEvent.key === "Enter") select(thing);
  });
  marker.on("add", () => marker.getElement()?.setAttribute("aria-label", label()));
  return marker;
};
