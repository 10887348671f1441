/* The address of the page says what it shows: view, choice, language, and what is selected. */

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

const isPosition = (text, count) => /^\d+$/.test(text) && Number(text) < count;

const address = {
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
    const [zoom, lat, lng] = (parts.get("map") ?? "").split("/").map(Number);
    const view =
      [zoom, lat, lng].every(Number.isFinite) && Math.abs(lat) <= 85 && zoom >= 1 && zoom <= 19
        ? { zoom, at: [lat, lng] }
        : null;
    return { patch, view, thing: parts.get("at") ? thingFrom(parts.get("at")) : null };
  },

  text() {
    const { map, meta } = page,
      { lat, lng } = map.getCenter();
    const parts = [
      `map=${plainNumber(map.getZoom())}/${lat.toFixed(5)}/${lng.toFixed(5)}`,
      `tier=${meta.tiers[state.tier].id}`,
      `min=${state.minutes}`,
      `walker=${encodeURIComponent(meta.walkers[state.walker].id)}`,
      `dir=${meta.directions[state.direction]}`,
      `lang=${state.lang}`,
    ];
    if (state.selected) parts.push(`at=${encodeURIComponent(thingText(state.selected))}`);
    return `#${parts.join("&")}`;
  },

  start(map) {
    const later = () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.write(), 120);
    };
    map.on("moveend", later);
    watch(`${CHOICE} lang selected`, later);
    window.addEventListener("hashchange", () => this.restore());
    byId("cc-link").addEventListener("click", () => this.copy());
  },

  write() {
    // A page in a notebook's frame has no address of its own.
    try {
      window.history.replaceState(null, "", this.text());
    } catch {
      /* The link can still be copied. */
    }
  },

  restore() {
    const { patch, view, thing } = this.read();
    change(patch);
    if (view) page.map.setView(view.at, view.zoom, { animate: false });
    if (thing) select(thing);
  },

  async copy() {
    const link = window.location.href.replace(/#.*$/, "") + this.text();
    try {
      await navigator.clipboard.writeText(link);
      toast(say("link.copied"));
    } catch {
      byId("cc-link-text").value = link;
      byId("cc-link-box").showModal();
      byId("cc-link-text").select();
    }
  },
};

const toast = (text) => {
  const box = byId("cc-toast");
  box.textContent = text;
  box.classList.add("cc-on");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => box.classList.remove("cc-on"), 2400);
};
