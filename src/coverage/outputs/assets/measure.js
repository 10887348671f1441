/* Measuring on the map: points by click, or by the space bar at the cross in the middle. */

const measure = {
  on: false,
  done: false,
  points: [],
  group: L.layerGroup(),

  start(map) {
    this.map = map;
    this.group.addTo(map);
    this.button = byId("cc-measure");
    this.button.addEventListener("click", () => (this.on ? this.stop() : this.begin()));
    byId("cc-ruler-close").addEventListener("click", () => this.stop());
    map.on("dblclick", () => this.finish());
    document.addEventListener("keydown", (event) => this.key(event));
    watch("lang", () => this.tell());
  },

  begin() {
    select(null);
    this.on = true;
    this.done = false;
    this.points = [];
    this.map.doubleClickZoom.disable();
    this.draw();
    this.map.getContainer().focus();
  },

  stop() {
    this.on = false;
    this.points = [];
    this.map.doubleClickZoom.enable();
    this.draw();
  },

  /* A click after the end begins anew. */
  add(latlng) {
    if (this.done) {
      this.points = [];
      this.done = false;
    }
    this.points.push(latlng);
    this.draw();
  },

  finish() {
    if (!this.on || this.points.length < 2) return;
    // The second click of a double click stands where the first does.
    const [before, last] = this.points.slice(-2);
    if (this.points.length > 2 && this.map.distance(before, last) < 0.5) this.points.pop();
    this.done = true;
    this.draw();
  },

  key(event) {
    if (!this.on || event.target.closest?.("input, select, button, dialog")) return;
    if (event.key === "Escape") {
      event.preventDefault();
      this.stop();
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.finish();
    } else if (event.key === " ") {
      event.preventDefault();
      this.add(this.map.getCenter());
    }
  },

  metres() {
    return this.points
      .slice(1)
      .reduce((sum, point, k) => sum + this.map.distance(this.points[k], point), 0);
  },

  draw() {
    this.group.clearLayers();
    const style = {
      interactive: false,
      color: "#1d1b18",
      weight: 2.5,
      dashArray: this.done ? null : "6 4",
    };
    if (this.points.length > 1) L.polyline(this.points, style).addTo(this.group);
    for (const point of this.points) {
      L.circleMarker(point, {
        radius: 4.5,
        color: "#1d1b18",
        weight: 2,
        fillColor: "#fffdf9",
        fillOpacity: 1,
        interactive: false,
      }).addTo(this.group);
    }
    this.tell();
  },

  tell() {
    this.button.setAttribute("aria-pressed", String(this.on));
    byId("cc-ruler").hidden = !this.on;
    document.body.classList.toggle("cc-measuring", this.on);
    if (!this.on) return;
    byId("cc-ruler-text").textContent =
      this.points.length > 1
        ? say(this.done ? "measure.total" : "measure.sofar", { length: lengthText(this.metres()) })
        : say("measure.begin");
  },
};
