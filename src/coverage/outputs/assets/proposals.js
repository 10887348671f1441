/* Facilities that do not exist yet: diamonds with the number of their turn. */

const proposalsOf = () => page.meta.proposals ?? [];

const proposalName = (i) => proposalsOf()[i].name || say("proposal.title", { n: proposalsOf()[i].n });

const proposals = {
  group: L.layerGroup(),
  markers: [],

  start(map) {
    if (!proposalsOf().length) return;
    this.map = map;
    this.fill();
    watch("lang", () => this.fill());
    watch("shown", () => this.show());
    watch("selected", () => this.refreshChosen());
  },

  icon(i) {
    const chosen = isChosen({ kind: "proposal", i });
    const face = node("span", "cc-diamond");
    face.append(node("b", "", String(proposalsOf()[i].n)));
    return L.divIcon({
      className: `cc-proposal${chosen ? " cc-chosen" : ""}`,
      html: face,
      iconSize: [38, 38],
    });
  },

  label: (i) =>
    say("proposal.label", {
      n: proposalsOf()[i].n,
      name: proposalName(i),
      people: count(proposalsOf()[i].gained),
    }),

  fill() {
    this.group.clearLayers();
    this.markers = proposalsOf().map(({ x, y }, i) => {
      const marker = choosable({ kind: "proposal", i }, [x, y], {
        icon: this.icon(i),
        label: () => this.label(i),
        up: 16,
        zIndexOffset: 1000,
      });
      this.group.addLayer(marker);
      return marker;
    });
    this.show();
  },

  show() {
    if (state.shown.proposals) this.group.addTo(this.map);
    else this.group.remove();
  },

  refreshChosen() {
    this.markers.forEach((marker, i) => {
      marker.setIcon(this.icon(i));
      marker.getElement()?.setAttribute("aria-label", this.label(i));
    });
  },
};

const proposalCard = ({ i }) => {
  const about = proposalsOf()[i],
    tier = page.meta.tiers.find(({ id }) => id === about.tier);
  const people = (n) => (n === null ? "" : say("unit.people", { n: count(n) }));
  const money = (n) => (n === null ? "" : say("unit.cny", { n: count(n) }));
  const rows = [
    [say("proposal.turn"), say("gap.rank.value", { rank: about.n, of: proposalsOf().length })],
    about.service
      ? [say("service"), named(about.service)]
      : [say("tier"), tier ? named(tier) : say("circle")],
    [say("proposal.gained"), people(about.gained)],
    [say("proposal.running"), people(about.running)],
    [
      say("proposal.total"),
      about.total === null || about.share === null
        ? ""
        : say("proposal.total.value", { n: count(about.total), share: percent(about.share) }),
    ],
    [say("proposal.cost"), money(about.cost) || say("unknown")],
    [say("proposal.each"), money(about.each)],
    [
      say("proposal.floor"),
      about.floor === null ? "" : say("unit.square", { n: count(about.floor) }),
    ],
    [say("proposal.source"), say(`source.${about.source}`)],
    [say("area"), about.area, true],
  ];
  return {
    kind: say("kind.proposal"),
    title: proposalName(i),
    rows,
    notes: [say("proposal.own", { choice: ownChoiceText(about.minutes ?? tier?.threshold) })],
  };
};
