/* The controls around the map: all native, all named in both languages. */

const byId = (id) => document.getElementById(id);

const shareOf = (tier) => percent(coverage(0, { ...state, tier }).share);

const layersThere = () => {
  const { shapes, meta } = page;
  return {
    homes: shapes.homes.order.length,
    gaps: shapes.gaps.order.length,
    areas: shapes.areas.order.length,
    water: shapes.water.order.length + shapes.waterlines.order.length,
    buildings: shapes.buildings.order.length,
    facilities: meta.facilities.length,
    proposals: proposalsOf().length,
    visits: visitsOf() !== null,
  };
};

/* A thing in the bar that has a state, and what it does. */
const panel = {
  start() {
    this.tiers();
    this.minutes();
    this.select("cc-walker", "walker", () =>
      page.meta.walkers.map((walker) =>
        say("walker", { name: named(walker), speed: plainNumber(walker.mps) }),
      ),
    );
    this.select("cc-direction", "direction", () =>
      page.meta.directions.map((direction) => say(`direction.${direction}`)),
    );
    this.language();
    this.layers(layersThere());
    this.words();
    watch(`${CHOICE} lang`, () => this.words());
    watch("lang", () => this.spoken());
    this.spoken();
    byId("cc-more").addEventListener("click", () => this.sheet());
  },

  tiers() {
    const box = byId("cc-tiers");
    page.meta.tiers.forEach((tier, t) => {
      const button = node("button", `cc-tier cc-tier-${tier.id}`);
      button.type = "button";
      button.dataset.tier = tier.id;
      button.append(node("strong"), node("span", "cc-tier-name"), node("small"));
      button.disabled = !membersOf(t).length;
      button.addEventListener("click", () => change({ tier: t }));
      box.append(button);
    });
  },

  /* The slider's value is minutes; it stops at those that were computed. */
  minutes() {
    const slider = byId("cc-minutes"),
      { minutes } = page.meta;
    slider.min = minutes[0];
    slider.max = minutes[minutes.length - 1];
    slider.step = minutes.every(Number.isInteger) ? 1 : "any";
    slider.value = state.minutes;
    slider.addEventListener("input", () => {
      const wanted = Number(slider.value),
        now = minutes.indexOf(state.minutes);
      const step = Math.sign(wanted - state.minutes);
      const next = minutes[now + step];
      // A step by the keyboard goes to the next one, however far that is.
      const chosen =
        step !== 0 && next !== undefined && Math.abs(wanted - state.minutes) <= 1
          ? next
          : minutes.reduce((best, each) =>
              Math.abs(each - wanted) < Math.abs(best - wanted) ? each : best,
            );
      slider.value = chosen;
      change({ minutes: chosen });
    });
    watch("minutes", () => {
      slider.value = state.minutes;
    });
  },

  select(id, key, texts) {
    const list = byId(id);
    const fill = () => {
      list.replaceChildren(
        ...texts().map((text, i) => {
          const option = node("option", "", text);
          option.value = i;
          return option;
        }),
      );
      list.value = state[key];
    };
    fill();
    list.addEventListener("change", () => change({ [key]: Number(list.value) }));
    watch(`lang ${key}`, fill);
  },

  language() {
    byId("cc-lang").addEventListener("click", () =>
      change({ lang: state.lang === "zh" ? "en" : "zh" }),
    );
  },

  /* Everything that is the same whatever is chosen. */
  spoken() {
    document.documentElement.lang = state.lang === "zh" ? "zh-CN" : "en";
    translate();
    const other = byId("cc-lang");
    other.textContent = say("language.other");
    other.lang = state.lang === "zh" ? "en" : "zh-CN";
    this.warnings();
  },

  warnings() {
    const box = byId("cc-warnings"),
      lines = page.meta.warnings;
    box.hidden = !lines.length;
    box.querySelector("summary").textContent = say("warnings", { n: lines.length });
    box
      .querySelector("ul")
      .replaceChildren(...lines.map((line) => dataNode("li", "", named(line))));
  },

  /* Everything that follows the choice. */
  words() {
    const { people, covered, total, share } = coverage();
    const line = byId("cc-headline");
    line.querySelector("b").textContent = headline();
    line.querySelector("span").textContent = page.meta.assumed
      ? say("assumed", { what: named(page.meta.assumed) })
      : "";
    Object.assign(line.dataset, { covered, total, share, what: people ? "elderly" : "km" });
    byId("cc-terms").textContent = choiceText();
    const minutes = say("unit.minutes", { n: plainNumber(state.minutes) });
    byId("cc-minutes-now").textContent = minutes;
    byId("cc-minutes").setAttribute("aria-valuetext", minutes);
    page.meta.tiers.forEach((tier, t) => {
      const button = byId("cc-tiers").children[t],
        many = membersOf(t).length;
      button.setAttribute("aria-pressed", String(t === state.tier));
      button.querySelector("strong").textContent = many ? shareOf(t) : UNKNOWN;
      button.querySelector(".cc-tier-name").textContent = named(tier);
      const gaps = page.meta.gaps.filter((gap) => gap.tier === tier.id).length;
      button.querySelector("small").textContent = many
        ? say("tier.counts", { facilities: count(many), gaps: count(gaps) })
        : say("tier.empty");
    });
  },

  /* `has`: of each layer that may be missing, whether it is there. */
  layers(has) {
    for (const box of document.querySelectorAll("#cc-layers input[type=checkbox]")) {
      box.checked = state.shown[box.name];
      box.addEventListener("change", () =>
        change({ shown: { ...state.shown, [box.name]: box.checked } }),
      );
    }
    // What the study does not have cannot be switched.
    for (const [name, there] of Object.entries(has)) {
      const box = document.querySelector(`#cc-layers input[name=${name}]`);
      box.disabled = !there;
      box.closest("label").classList.toggle("cc-absent", !there);
    }
    watch("shown", () => {
      for (const box of document.querySelectorAll("#cc-layers input[type=checkbox]"))
        box.checked = state.shown[box.name];
    });
  },

  sheet() {
    const open = document.body.classList.toggle("cc-open");
    byId("cc-more").setAttribute("aria-expanded", String(open));
    page.map.invalidateSize({ pan: false });
  },
};
