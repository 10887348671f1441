/* What the colours, dashes and marks mean; it follows what is chosen and what is shown. */

const legend = {
  start() {
    this.box = byId("cc-legend");
    this.box.open = window.innerWidth >= 760;
    watch(`${CHOICE} lang shown found`, () => this.draw());
    this.draw();
  },

  key(sample, text) {
    const line = node("li");
    line.append(sample, node("span", "", text));
    return line;
  },

  sample(className, style = {}) {
    const made = node("span", `cc-sample ${className}`);
    Object.assign(made.style, style);
    return made;
  },

  draw() {
    const { meta } = page,
      { shown } = state;
    const scale = this.box.querySelector(".cc-scale"),
      list = this.box.querySelector("ul");
    this.box.querySelector("p").textContent = say(
      isFocused() ? "legend.facility" : "legend.minutes",
      {
        tier: named(meta.tiers[state.tier]),
        facility: isFocused() ? facilityName(state.found.circle.facility) : "",
      },
    );
    const classes = classesNow();
    scale.replaceChildren(
      ...classes
        .filter(({ kind }) => kind === "band")
        .map(({ upTo, colour }, k, bands) => {
          const step = node("span");
          const swatch = node("i");
          swatch.style.background = colour;
          // The bands are five minutes wide, the last one perhaps less.
          step.style.flexGrow = upTo - (k ? bands[k - 1].upTo : 0);
          step.append(swatch, node("b", "", plainNumber(upTo)));
          return step;
        }),
    );
    scale.append(node("em", "", say("legend.unit")));
    const last = plainNumber(meta.minutes[meta.minutes.length - 1]);
    const rows = classes
      .filter(({ kind }) => kind !== "band")
      .map(({ kind, colour }) =>
        this.key(
          this.sample(`cc-line cc-${kind}`, {
            borderTopColor: isFocused() ? `rgb(${FADED})` : colour,
          }),
          say(isFocused() ? "legend.not" : `legend.${kind}`, {
            from: plainNumber(state.minutes),
            to: last,
          }),
        ),
      );
    if (isFocused()) rows.splice(1);
    const homes = page.shapes.homes.order.length && shown.homes;
    if (shown.halo)
      rows.push(
        this.key(
          this.sample("cc-halo", { background: `rgba(${HALO}, 0.22)` }),
          say("legend.halo", { n: plainNumber(state.minutes) }),
        ),
      );
    if (homes)
      rows.push(
        this.key(
          this.sample("cc-home", { background: meta.colours.bands[1][1] }),
          say("legend.homes"),
        ),
      );
    if (shown.streets && (page.s["link.flags"] ?? []).some((flags) => flags & 2))
      rows.push(this.key(this.sample("cc-stairs"), say("legend.stairs")));
    if (shown.gaps && gapsShown().length && !isFocused()) {
      rows.push(
        this.key(
          this.sample("cc-gap", {
            borderColor: meta.colours.gap,
            background: `${meta.colours.gap}2e`,
          }),
          say(meta.hasPeople ? "legend.gap.people" : "legend.gap.street"),
        ),
      );
    }
    if (shown.facilities) {
      const tier = meta.tiers[state.tier],
        pin = node("span", `cc-sample cc-${tier.id}`);
      pin.append(node("span", "cc-badge", glyphOf(tier)));
      rows.push(this.key(pin, named(tier)));
      if (membersOf(state.tier).some((i) => !meta.facilities[i].snapped)) {
        const off = node("span", `cc-sample cc-off cc-${tier.id}`);
        off.append(node("span", "cc-badge", glyphOf(tier)));
        rows.push(this.key(off, say("legend.off")));
      }
    }
    if (shown.proposals && proposalsOf().length) {
      const mark = node("span", "cc-sample");
      mark.append(node("span", "cc-diamond"));
      const { service } = proposalsOf()[0];
      const text = service
        ? say("legend.proposal.service", { service: named(service) })
        : say("legend.proposal");
      rows.push(this.key(mark, text));
    }
    if (shown.visits && visitsOf()) {
      for (const way of visitWaysThere())
        rows.push(
          this.key(
            this.sample("cc-visit", { background: way.colour }),
            say("legend.visit", { how: named(way) }),
          ),
        );
    }
    list.replaceChildren(...rows);
    const note = this.box.querySelector(".cc-note");
    note.textContent =
      shown.gaps && gapsShown().length && !isOwnChoice()
        ? say("gap.own", { choice: ownChoiceText() })
        : "";
  },
};
