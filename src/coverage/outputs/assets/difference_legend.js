/* What the colours mean, with how much there is of each. */

const legend = {
  start() {
    this.box = byId("cc-legend");
    this.box.open = window.innerWidth >= 760;
    this.box.querySelector(".cc-scale").remove();
    watch("tier lang shown view", () => this.draw());
    this.draw();
  },

  row(sample, text, figure = "") {
    const line = node("li");
    line.append(sample, node("span", "", text));
    if (figure) line.append(node("b", "cc-figure", figure));
    return line;
  },

  line({ rgb, wide, dash }) {
    const made = node("span", "cc-sample cc-line");
    made.style.borderTopColor = `rgb(${rgb})`;
    made.style.borderTopWidth = `${Math.round(2 + 2 * wide)}px`;
    if (dash) made.style.borderTopStyle = "dashed";
    return made;
  },

  dot({ rgb }) {
    const made = node("span", "cc-sample");
    const dot = node("i", "cc-dot");
    dot.style.background = `rgb(${rgb})`;
    made.append(dot);
    return made;
  },

  /* How much is told of each class; those of which there is nothing are left out. */
  rows() {
    const { people, km } = figuresNow(page.meta.whole),
      { shown } = state,
      rows = [];
    if (state.view === "swipe") {
      for (const side of COVER.toReversed())
        rows.push(this.row(this.line(side), say(`diff.${side.id}`)));
      if (shown.homes && page.shapes.homes.order.length)
        rows.push(this.row(this.dot(COVER[1]), say("diff.homes")));
      return rows;
    }
    if (shown.streets)
      for (const each of CHANGES.toReversed()) {
        const rare = each.id === "new" || each.id === "vanished";
        if (rare && km[each.id] < 0.005) continue;
        rows.push(
          this.row(
            this.line(each),
            say(`diff.street.${each.id}`),
            say("unit.kilometres", { n: km2(km[each.id]) }),
          ),
        );
      }
    if (shown.homes && people)
      for (const each of CHANGES.toReversed()) {
        const rare = each.id === "new" || each.id === "vanished";
        if (isStill(each) || (rare && people[each.id] < 0.5)) continue;
        rows.push(
          this.row(
            this.dot(each),
            say(`diff.people.${each.id}`),
            say("unit.people", { n: count(people[each.id]) }),
          ),
        );
      }
    return rows;
  },

  facilities() {
    const rows = [],
      tally = { opened: 0, closed: 0, both: 0 };
    for (const i of facilitiesNow()) tally[page.meta.facilities[i].status] += 1;
    for (const [status, many] of Object.entries(tally)) {
      if (!many) continue;
      const pin = node("span", `cc-sample cc-was-${status}`),
        badge = node("span", "cc-badge");
      badge.append(node("i", "cc-sign", SIGNS[status]));
      pin.append(badge);
      rows.push(this.row(pin, say(`diff.facility.${status}`), count(many)));
    }
    return rows;
  },

  draw() {
    const tier = page.meta.tiers[state.tier];
    this.box.querySelector("p").textContent =
      tier.minutes === undefined
        ? named(tier)
        : say("diff.legend", { tier: named(tier), minutes: plainNumber(tier.minutes) });
    const rows = this.rows();
    if (state.shown.facilities) rows.push(...this.facilities());
    this.box.querySelector("ul").replaceChildren(...rows);
  },
};
