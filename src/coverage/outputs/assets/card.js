/* The card beside the map: what is known of the thing that was chosen. */

const card = {
  box: null,

  start() {
    this.box = document.getElementById("cc-card");
    this.box.querySelector("button").addEventListener("click", () => select(null));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented && state.selected) select(null);
    });
    watch(`selected found lang ${CHOICE}`, () => this.draw());
    watch(CHOICE, () => {
      const tier = tierOf(state.selected);
      if (tier >= 0 && tier !== state.tier) select(null);
      else if (state.selected) inquire();
    });
  },

  draw() {
    const { selected } = state,
      body = this.box.querySelector(".cc-card-body");
    this.box.hidden = !selected;
    document.body.classList.toggle("cc-has-card", Boolean(selected));
    if (!selected) return;
    const {
      kind,
      title,
      rows,
      notes = [],
      actions = [],
    } = CARDS[selected.kind](selected, state.found);
    body.replaceChildren();
    body.append(node("p", "cc-card-kind", kind), dataNode("h2", "", title || say("unnamed")));
    const list = node("dl");
    for (const [label, value, isData] of rows.filter(
      ([, text]) => text !== "" && text !== null && text !== undefined,
    )) {
      const line = node("div");
      line.append(
        node("dt", "", label),
        isData ? dataNode("dd", "", value) : node("dd", "", value),
      );
      list.append(line);
    }
    body.append(list);
    for (const note of notes.filter(Boolean)) body.append(node("p", "cc-note", note));
    for (const [label, thing] of actions) {
      const button = node("button", "cc-link", label);
      button.type = "button";
      button.addEventListener("click", () => goTo(thing));
      body.append(button);
    }
  },
};
