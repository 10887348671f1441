/* The address of the page: view, tier, how it is looked at, and what is selected. */
Object.assign(address, {
  watched: "tier view divider lang selected",

  read() {
    const parts = new URLSearchParams(window.location.hash.slice(1)),
      patch = {};
    const tier = page.meta.tiers.findIndex(({ id }) => id === parts.get("tier"));
    if (tier >= 0) patch.tier = tier;
    for (const [key, known] of [
      ["lang", ["zh", "en"]],
      ["view", ["difference", "swipe"]],
    ])
      if (known.includes(parts.get(key))) patch[key] = parts.get(key);
    const divider = parts.get("divider");
    if (isPosition(divider ?? "", 101)) patch.divider = Number(divider) / 100;
    const [kind, i] = (parts.get("at") ?? "").split(":");
    const counts = {
      area: page.meta.areas.length,
      home: page.shapes.homes.order.length,
      street: page.shapes.strips.order.length,
      facility: page.meta.facilities.length,
    };
    const thing = kind in counts && isPosition(i, counts[kind]) ? { kind, i: Number(i) } : null;
    return { patch, view: viewFrom(parts), thing };
  },

  text() {
    const parts = [
      viewText(),
      `tier=${page.meta.tiers[state.tier].id}`,
      `view=${state.view}`,
      `divider=${Math.round(state.divider * 100)}`,
      `lang=${state.lang}`,
    ];
    if (state.selected) parts.push(`at=${state.selected.kind}:${state.selected.i}`);
    return `#${parts.join("&")}`;
  },
});
