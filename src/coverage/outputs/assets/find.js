/* Search by name: facilities, streets, areas, named homes. A combobox with a list, as ARIA has it. */

const MOST_FOUND = 12;
const KINDS_FOUND = ["area", "facility", "proposal", "name", "home"];

const plainText = (text) => text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();

const finder = {
  entries: null,
  shown: [],
  active: -1,

  start() {
    this.input = document.getElementById("cc-search");
    this.list = document.getElementById("cc-found");
    this.input.addEventListener("input", () => this.search());
    this.input.addEventListener("focus", () => {
      if (this.input.value) this.search();
    });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    watch("lang", () => {
      this.entries = null;
      this.close();
    });
  },

  /* Every name once, with what it leads to. */
  all() {
    if (this.entries) return this.entries;
    const { meta, s } = page,
      found = [];
    const add = (kind, i, text, hint = "") => {
      if (text) found.push({ kind, i, text, hint, key: plainText(`${text} ${hint}`) });
    };
    meta.areas.forEach((text, i) => add("area", i, text));
    meta.facilities.forEach(({ name, id }, i) =>
      add("facility", i, name || id, named(meta.tiers[s["facility.tier"][i]])),
    );
    proposalsOf().forEach((about, i) =>
      add("proposal", i, proposalName(i), say("proposal.hint", { n: about.n, people: count(about.gained) })),
    );
    const used = new Set(s["link.name"] ?? []);
    meta.streetNames.forEach((text, i) => {
      if (used.has(i)) add("name", i, text);
    });
    const homes = new Map();
    (s["home.label"] ?? []).forEach((label, home) => {
      if (!homes.has(label)) homes.set(label, home);
    });
    for (const [label, home] of homes) add("home", home, meta.homeNames[label]);
    this.entries = found;
    return found;
  },

  search() {
    const wanted = plainText(this.input.value);
    const rank = ({ key, kind }) => (key.startsWith(wanted) ? 0 : 10) + KINDS_FOUND.indexOf(kind);
    this.shown =
      wanted === ""
        ? []
        : this.all()
            .filter(({ key }) => key.includes(wanted))
            .sort((one, other) => rank(one) - rank(other) || one.text.length - other.text.length)
            .slice(0, MOST_FOUND);
    this.active = this.shown.length ? 0 : -1;
    this.draw(wanted !== "");
  },

  draw(open) {
    this.list.replaceChildren();
    this.shown.forEach((entry, k) => {
      const item = node("li");
      item.id = `cc-found-${k}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(k === this.active));
      const words = node("span", "cc-found-words");
      words.append(dataNode("b", "", shortened(entry.text)));
      if (entry.hint) words.append(node("small", "", entry.hint));
      item.append(words, node("i", "", say(`kind.${entry.kind}`)));
      item.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        this.choose(entry);
      });
      this.list.append(item);
    });
    if (open && !this.shown.length) {
      const nothing = node("li", "cc-none", say("search.nothing"));
      nothing.setAttribute("role", "option");
      nothing.setAttribute("aria-disabled", "true");
      this.list.append(nothing);
    }
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    if (this.active >= 0)
      this.input.setAttribute("aria-activedescendant", `cc-found-${this.active}`);
    else this.input.removeAttribute("aria-activedescendant");
  },

  close() {
    this.shown = [];
    this.active = -1;
    this.draw(false);
  },

  key(event) {
    const { key } = event,
      many = this.shown.length;
    if (key === "Escape") {
      if (!this.list.hidden) event.preventDefault();
      this.close();
    } else if (many && (key === "ArrowDown" || key === "ArrowUp")) {
      event.preventDefault();
      this.active = (this.active + (key === "ArrowDown" ? 1 : many - 1)) % many;
      this.draw(true);
      this.list.children[this.active].scrollIntoView({ block: "nearest" });
    } else if (key === "Enter" && this.active >= 0) {
      event.preventDefault();
      this.choose(this.shown[this.active]);
    }
  },

  choose({ kind, i, text }) {
    this.input.value = text;
    this.close();
    goTo({ kind, i });
  },
};
