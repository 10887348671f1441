/* The address of the page says what it shows; what, each kind of page says itself. */

const isPosition = (text, count) => /^\d+$/.test(text) && Number(text) < count;

/* The view of an address: where the middle is, and the zoom. */
const viewFrom = (parts) => {
  const [zoom, lat, lng] = (parts.get("map") ?? "").split("/").map(Number);
  return [zoom, lat, lng].every(Number.isFinite) && Math.abs(lat) <= 85 && zoom >= 1 && zoom <= 19
    ? { zoom, at: [lat, lng] }
    : null;
};

const viewText = () => {
  const { map } = page,
    { lat, lng } = map.getCenter();
  return `map=${plainNumber(map.getZoom())}/${lat.toFixed(5)}/${lng.toFixed(5)}`;
};

const address = {
  start(map) {
    const later = () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.write(), 120);
    };
    map.on("moveend", later);
    watch(this.watched, later);
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
