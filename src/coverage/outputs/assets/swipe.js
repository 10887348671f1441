/* Before on the left, after on the right, and a divider that is dragged or moved with the keys. */

const STEPS = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02,
  PageDown: -0.1, PageUp: 0.1 };
const ENDS = { Home: 0, End: 1 };

const swipe = {
  start(map) {
    this.map = map;
    this.bar = byId("cc-divider");
    this.sides = ["before", "after"].map((side) => document.querySelector(`.cc-side-${side}`));
    this.sides.forEach((side, k) => {
      side.querySelector("span").textContent = page.meta.sides[k];
    });
    this.drag();
    this.bar.addEventListener("keydown", (event) => {
      const { key } = event;
      if (!(key in STEPS) && !(key in ENDS)) return;
      event.preventDefault();
      event.stopPropagation();
      this.move(key in ENDS ? ENDS[key] : state.divider + STEPS[key]);
    });
    map.on("move zoomend resize viewreset", () => this.clip());
    watch("view divider", () => this.show());
    for (const button of document.querySelectorAll("[data-view]"))
      button.addEventListener("click", () => change({ view: button.dataset.view }));
    this.show();
  },

  drag() {
    const { bar } = this;
    bar.addEventListener("pointerdown", (event) => {
      bar.setPointerCapture(event.pointerId);
      event.preventDefault();
      bar.focus();
    });
    bar.addEventListener("pointermove", (event) => {
      if (!bar.hasPointerCapture(event.pointerId)) return;
      const { left, width } = this.map.getContainer().getBoundingClientRect();
      this.move((event.clientX - left) / width);
    });
  },

  move(to) {
    change({ divider: Math.round(Math.max(0, Math.min(1, to)) * 1000) / 1000 });
  },

  show() {
    const on = state.view === "swipe",
      { bar } = this;
    for (const button of document.querySelectorAll("[data-view]"))
      button.setAttribute("aria-pressed", String(button.dataset.view === state.view));
    bar.hidden = !on;
    for (const side of this.sides) side.hidden = !on;
    const now = Math.round(state.divider * 100);
    bar.style.left = `${state.divider * 100}%`;
    bar.setAttribute("aria-valuenow", String(now));
    bar.setAttribute("aria-valuetext", percent(now / 100));
    for (const [look, layer] of Object.entries(page.looks)) {
      if (on === (look !== "difference")) layer.addTo(this.map);
      else layer.remove();
    }
    this.clip();
    easel.start();
  },

  /* Each side shows its part of the window, wherever the map has been moved to. */
  clip() {
    const { map } = this,
      { x, y } = map.getSize(),
      middle = state.divider * x;
    for (const [side, from, to] of [
      ["before", 0, middle],
      ["after", middle, x],
    ]) {
      const [a, b] = [
        map.containerPointToLayerPoint([from, 0]),
        map.containerPointToLayerPoint([to, y]),
      ];
      const rim = `${a.x}px ${a.y}px, ${b.x}px ${a.y}px, ${b.x}px ${b.y}px, ${a.x}px ${b.y}px`;
      for (const pane of [`cc-${side}`, `cc-pins-${side}`])
        map.getPane(pane).style.clipPath = `polygon(${rim})`;
    }
  },
};
