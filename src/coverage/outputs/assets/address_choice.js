/* The address of a study's map: view, choice, language, and what is selected. */

const LETTERS = { facility: "f", proposal: "p", home: "h", street: "s", gap: "g", area: "a", name: "n" };

const thingText = ({ kind, i, at }) => {
  const { meta } = page;
  const name = {
    facility: () => meta.facilities[i].id,
    gap: () => meta.gaps[i].id,
    proposal: () => proposalsOf()[i].n,
    area: () => meta.areas[i],
    name: () => meta.streetNames[i],
    home: () => i,
    street: () => `${i}@${at}`,
  }[kind]();
  return `${LETTERS[kind]}:${name}`;
};

const thingFrom = (text) => {
  const letter = text.charAt(0),
    name = text.slice(2);
  const kind = Object.keys(LETTERS).find((each) => LETTERS[each] === letter),
    { meta, shapes } = page;
  if (!kind || text.charAt(1) !== ":") return null;
  if (kind === "home")
    return isPosition(name, shapes.homes.order.length) ? { kind, i: Number(name) } : null;
  if (kind === "street") {
    const [link, at] = name.split("@");
    const known = isPosition(link, shapes.links.order.length) && Number(at) >= 0 && Number(at) <= 1;
    return known ? { kind, i: Number(link), at: Number(at) } : null;
  }
  const names = {
    facility: meta.facilities.map(({ id }) => id),
    gap: meta.gaps.map(({ id }) => id),
    proposal: proposalsOf().map(({ n }) => String(n)),
    area: meta.areas,
    name: meta.streetNames,
  }[kind];
  const i = names.indexOf(name);
  return i < 0 || name === "" ? null : { kind, i };
};

Object.assign(address, {
  watched: `${CHOICE} lang selected`,

  read() {
    const parts = new URLSearchParams(window.location.hash.slice(1)),
      { meta } = page,
      patch = {};
    const position = (key, list) => {
      const found = list.findIndex((each) => (each.id ?? each) === parts.get(key));
      return found < 0 ? undefined : found;
    };
    const set = (key, value) => {
      if (value !== undefined) patch[key] = value;
    };
    set("tier", position("tier", meta.tiers));
    set("walker", position("walker", meta.walkers));
    set("direction", position("dir", meta.directions));
    set(
      "minutes",
      meta.minutes.find((each) => String(each) === parts.get("min")),
    );
    set(
      "lang",
      ["zh", "en"].find((each) => each === parts.get("lang")),
    );
    return { patch, view: viewFrom(parts), thing: parts.get("at") ? thingFrom(parts.get("at")) : null };
  },

  text() {
    const { meta } = page;
    const parts = [
      viewText(),
      `tier=${meta.tiers[state.tier].id}`,
      `min=${state.minutes}`,
      `walker=${encodeURIComponent(meta.walkers[state.walker].id)}`,
      `dir=${meta.directions[state.direction]}`,
      `lang=${state.lang}`,
    ];
    if (state.selected) parts.push(`at=${encodeURIComponent(thingText(state.selected))}`);
    return `#${parts.join("&")}`;
  },
});
