/* The map's own behaviour. Words from the data reach the screen through textContent only. */
const careCircle = (() => {
  "use strict";
  const data = JSON.parse(document.getElementById("care-circle-data").textContent);
  const isWide = () => window.innerWidth >= 760;

  const node = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    // A name written from right to left must not turn the numbers beside it around.
    if (text !== undefined) { made.textContent = text; made.dir = "auto"; }
    return made;
  };

  const tipNode = ([title, rows]) => {
    const box = node("div");
    box.append(node("div", "cc-tip-title", title));
    const table = node("table");
    for (const [label, value] of rows) {
      const row = node("tr");
      row.append(node("th", "", label), node("td", "", value));
      table.append(row);
    }
    box.append(table);
    return box;
  };

  const TIP = { sticky: true, className: "cc-tip", opacity: 1 };
  const tip = (feature, layer) => layer.bindTooltip(() => tipNode(data.tips[feature.properties.tip]), TIP);

  const pin = (feature, latlng) => {
    const { tier, snapped } = feature.properties;
    const words = data.tips[feature.properties.tip];
    const icon = L.divIcon({
      className: `cc-pin cc-${tier}${snapped ? "" : " cc-off"}`,
      html: node("span", "cc-badge", data.tiers[tier].glyph), iconSize: [24, 24],
    });
    const marker = L.marker(latlng, { icon, keyboard: true, riseOnHover: true });
    marker.bindTooltip(() => tipNode(words), { ...TIP, sticky: false, offset: [12, 0] });
    marker.snapped = snapped;
    marker.on("add", () => marker.getElement()?.setAttribute("aria-label", words[0]));
    return marker;
  };

  const cluster = (tier) => (group) => {
    const face = node("span", "cc-badge");
    face.append(node("b", "", data.tiers[tier].glyph), node("i", "", String(group.getChildCount())));
    const allSnapped = group.getAllChildMarkers().every((marker) => marker.snapped);
    const className = `cc-pin cc-many cc-${tier}${allSnapped ? "" : " cc-off"}`;
    return L.divIcon({ className, html: face, iconSize: [40, 24] });
  };

  const label = (feature, latlng) => {
    const icon = L.divIcon({
      className: "cc-label", html: node("span", "", data.tips[feature.properties.tip][0]), iconSize: [0, 0],
    });
    return L.marker(latlng, { icon, interactive: false, keyboard: false, pane: "labels" });
  };

  const isFar = (zoom) => zoom < 14.6;
  const weightAt = (zoom) => (zoom < 12 ? 1 : zoom < 14 ? 1.5 : zoom < 15.5 ? 2.5 : zoom < 17 ? 3.5 : 5);

  /* Nearby, a dashed rim; from afar, where dashes would only flicker, a plain patch. */
  const gapStyleAt = (zoom) => (isFar(zoom) ? { weight: 0, fillOpacity: 0.4 } : { weight: 1.6, fillOpacity: 0.16 });

  const unpack = (steps) => {
    const line = [];
    for (let i = 0, x = 0, y = 0; i < steps.length; i += 2) {
      x += steps[i];
      y += steps[i + 1];
      line.push([y / data.streets.scale, x / data.streets.scale]);
    }
    return line;
  };

  const streetTip = (line, times) => {
    const { street } = line;
    const all = data.streets;
    const tenths = times.tenths[street], percent = times.percent[street];
    const rows = [
      [all.kinds[all.kind[street]], `${all.metres[street]} m`],
      [times.label, tenths === null ? times.unknown : `${(tenths / 10).toFixed(1)} 分钟 min`],
    ];
    if (percent > 0 && percent < 100) rows.push([times.within, `${percent} %`]);
    return tipNode([all.names[all.name[street]] || "（无名街道）unnamed street", rows]);
  };

  /* A tier's streets are made when they are first shown: a city has many. */
  const colourStreets = (group, tier) => {
    const times = data.streets.tiers[tier];
    const plainStyle = (line) => ({ weight: weightAt(line._map.getZoom()) });
    const fill = () => data.streets.lines.forEach((parts, street) => {
      const color = times.colours[times.band[street]];
      const unreachable = times.band[street] === times.colours.length - 1;
      const line = L.polyline(parts.map(unpack), {
        color, weight: weightAt(group._map.getZoom()), opacity: 0.95, dashArray: unreachable ? "2 4" : null,
      });
      line.street = street;
      group.addLayer(line);
    });
    group.once("add", fill);
    group.on("add", () => group.eachLayer((line) => line.setStyle(plainStyle(line))));
    group.bindTooltip((line) => streetTip(line, times), TIP);
    group.on("mouseover", ({ layer }) => layer.setStyle({ weight: weightAt(layer._map.getZoom()) + 4 }));
    group.on("mouseout", ({ layer }) => layer.setStyle(plainStyle(layer)));
  };

  const declutter = () => {
    const taken = [];
    for (const name of document.querySelectorAll(".cc-label span")) {
      name.style.visibility = "";
      const box = name.getBoundingClientRect();
      const meets = (other) => box.left < other.right + 4 && other.left < box.right + 4
        && box.top < other.bottom + 2 && other.top < box.bottom + 2;
      if (taken.some(meets)) name.style.visibility = "hidden";
      else taken.push(box);
    }
  };

  const addLegend = (map) => {
    const legend = document.getElementById("cc-legend");
    const control = L.control({ position: "bottomleft" });
    control.onAdd = () => legend;
    legend.open = isWide();
    L.DomEvent.disableClickPropagation(legend);
    L.DomEvent.disableScrollPropagation(legend);
    control.addTo(map);
    return legend;
  };

  /* What the panels leave free is where the study area goes. */
  const fit = (map, legend) => {
    const layers = map.getContainer().querySelector(".leaflet-control-layers");
    const right = isWide() && layers ? layers.offsetWidth + 24 : 12;
    const below = legend.offsetHeight + 28;
    map.fitBounds(data.bounds, { paddingTopLeft: [isWide() ? 24 : 12, 16], paddingBottomRight: [right, below], animate: false });
  };

  const addTierButtons = (map, tiers) => {
    const isShown = (tier) => tiers[tier].some((layer) => map.hasLayer(layer));
    const reflect = () => {
      for (const tier of Object.keys(tiers)) {
        document.querySelector(`button[data-tier="${tier}"]`).setAttribute("aria-pressed", String(isShown(tier)));
        document.querySelector(`p[data-tier="${tier}"]`).hidden = !isShown(tier);
      }
      for (const keys of document.querySelectorAll("#cc-legend ul[data-tiers]")) {
        keys.hidden = !keys.dataset.tiers.split(" ").some(isShown);
      }
    };
    for (const chosen of Object.keys(tiers)) {
      document.querySelector(`button[data-tier="${chosen}"]`).addEventListener("click", () => {
        for (const [tier, layers] of Object.entries(tiers)) {
          for (const layer of layers) tier === chosen ? map.addLayer(layer) : map.removeLayer(layer);
        }
      });
    }
    map.on("overlayadd overlayremove", reflect);
    reflect();
  };

  /* Names stand above the markers and below the words that a pointer calls up. */
  const prepare = (map) => { map.createPane("labels").style.zIndex = 640; };

  /* bottomUp: the drawn layers from the ground to the top, whatever order they are switched on in. */
  const start = (map, { tiers, bottomUp, ground, tiles, streets, gaps }) => {
    map.attributionControl.setPrefix(false).addAttribution(
      '© <a href="https://www.openstreetmap.org/copyright" target="_blank" rel="noopener">'
      + "OpenStreetMap contributors</a> (ODbL)");
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
    const restack = () => {
      for (const layer of bottomUp) if (map.hasLayer(layer)) layer.bringToFront();
      ground.setStyle({ fillOpacity: map.hasLayer(tiles) ? 0 : 1 });
      declutter();
    };
    map.on("overlayadd overlayremove", restack);
    const restyle = () => {
      const zoom = map.getZoom();
      map.getContainer().classList.toggle("cc-far", isFar(zoom));
      for (const group of streets) if (map.hasLayer(group)) group.setStyle({ weight: weightAt(zoom) });
      for (const group of gaps) group.setStyle(gapStyleAt(zoom));
      declutter();
    };
    map.on("zoomend", restyle);
    addTierButtons(map, tiers);
    const legend = addLegend(map);
    fit(map, legend);
    restack();
    restyle();
    // A window that changes keeps the whole study in sight, until its reader has chosen a view.
    const refit = () => fit(map, legend);
    map.on("resize", refit);
    for (const touch of ["pointerdown", "wheel", "keydown"]) {
      map.getContainer().addEventListener(touch, () => map.off("resize", refit), { once: true, passive: true });
    }
  };

  return { cluster, colourStreets, isWide, label, pin, prepare, start, tip };
})();
