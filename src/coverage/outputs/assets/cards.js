/* What the card says of each kind of thing. */

const walkerName = () => named(page.meta.walkers[state.walker]);

const choiceText = () =>
  say("choice", {
    minutes: plainNumber(state.minutes),
    walker: walkerName(),
    direction: say(`direction.${page.meta.directions[state.direction]}`),
  });

const ownChoiceText = (minutes = page.meta.tiers[state.tier].threshold) => {
  const { own, walkers, directions } = page.meta;
  return say("choice", {
    minutes: plainNumber(minutes),
    walker: named(walkers[own.walker]),
    direction: say(`direction.${directions[own.direction]}`),
  });
};

/* Minutes to each tier, then the way to the present one. */
const walkRows = (found) => {
  const { meta } = page;
  const rows = meta.tiers.map((tier, t) => {
    if (!found?.walks) return [named(tier), "…"];
    const best = found.walks.tiers[t];
    return [
      named(tier),
      best ? minutesText(best.minutes) : say(membersOf(t).length ? "minutes.none" : "tier.empty"),
    ];
  });
  const best = found?.walks?.tiers[state.tier],
    way = found?.walks?.way;
  if (!best || !way) return rows;
  rows.push([
    say("nearest", { tier: named(meta.tiers[state.tier]) }),
    facilityName(best.facility),
    true,
  ]);
  if (meta.directions[state.direction] === "worst") {
    rows.push([
      say("there.and.back"),
      say("there.and.back.value", { to: fixed(best.to, 1), back: fixed(best.back, 1) }),
    ]);
  }
  rows.push([say("way.shown"), say(`way.${way.which}`)]);
  rows.push([say("way.length"), lengthText(way.m + way.legs)]);
  rows.push([
    say("way.climb"),
    say("way.climb.value", { up: fixed(way.up, 0), down: fixed(way.down, 0) }),
  ]);
  rows.push([say("way.steps"), say("unit.steps", { n: count(way.steps) })]);
  return rows;
};

const facilityCard = ({ i }, found) => {
  const { meta, s } = page,
    about = meta.facilities[i],
    tier = s["facility.tier"][i];
  const rows = [
    [say("tier"), named(meta.tiers[tier])],
    [say("facility.id"), about.id, true],
    [
      say("facility.places"),
      about.capacity === null || about.capacity === undefined ? "" : plainNumber(about.capacity),
    ],
    [say("facility.address"), about.address, true],
    [say("facility.services"), (about.services ?? []).map(named).join(say("and"))],
  ];
  const limit = say("unit.metres", { n: plainNumber(meta.snapLimit) });
  if (!about.snapped)
    return {
      kind: say("kind.facility"),
      title: about.name,
      rows,
      notes: [say("facility.off", { limit })],
    };
  const own = isOwnChoice() && tier === state.tier;
  const circle = found?.circle;
  if (meta.hasPeople) {
    // For the study's own choice, the engine's figures.
    const reach = own && about.elderlyInReach !== null ? about.elderlyInReach : circle?.inReach;
    const only = own && about.elderlyOnly !== null ? about.elderlyOnly : circle?.only;
    const persons = (value) =>
      value === undefined ? "…" : say("unit.people", { n: count(value) });
    rows.push([say("facility.reach"), persons(reach)], [say("facility.only"), persons(only)]);
  }
  rows.push([say("facility.leg"), lengthText(about.snap_m)]);
  return { kind: say("kind.facility"), title: about.name, rows, notes: [choiceText()] };
};

const homeCard = ({ i }, found) => {
  const { meta, s } = page;
  const cause = (s[`home.cause.${state.tier}`] ?? [])[i];
  const area = (s["home.area"] ?? [])[i];
  const rows = [
    [
      say("home.elderly"),
      say("unit.people", { n: fixed(s["home.elderly"][i], s["home.elderly"][i] < 9.95 ? 1 : 0) }),
    ],
    [say("area"), meta.areas[area] ?? "", true],
    ...walkRows(found),
  ];
  if (cause !== undefined && cause !== 255 && isOwnChoice())
    rows.push([say("cause"), named(meta.causes[cause])]);
  rows.push(...visitRows(i));
  const notes = [s["home.link"][i] === 4294967295 ? say("home.off") : "", choiceText()];
  return {
    kind: say("kind.home"),
    title: meta.homeNames[s["home.label"]?.[i] ?? -1] || say("home.unnamed"),
    rows,
    notes,
  };
};

const streetCard = ({ i }, found) => {
  const { meta, s } = page;
  const kind = meta.kinds[s["link.kind"][i]];
  const rows = [
    [say("street.kind"), named(kind)],
    [say("street.length"), lengthText(s["link.m"][i] / 10)],
    ...walkRows(found),
  ];
  return {
    kind: say("kind.street"),
    title: meta.streetNames[s["link.name"][i]] || say("street.unnamed"),
    rows,
    notes: [say("street.here"), choiceText()],
  };
};

const gapCard = ({ i }) => {
  const { meta } = page,
    gap = meta.gaps[i];
  const nearest = meta.facilities.findIndex(({ id }) => id === gap.nearest);
  const members = meta.gaps.filter(({ tier }) => tier === gap.tier).length;
  const cause = gap.cause
    ? `${named(gap.cause)}${gap.causeShare === null ? "" : say("cause.share", { share: percent(gap.causeShare) })}`
    : "";
  const rows = [
    [say("facility.id"), gap.id, true],
    [say("gap.rank"), say("gap.rank.value", { rank: gap.rank, of: members })],
    [
      say("home.elderly"),
      gap.elderly === null ? "" : say("unit.people", { n: count(gap.elderly) }),
    ],
    [say("cause"), cause],
    [say("gap.street"), lengthText(gap.street_m)],
    [say("gap.minutes"), gap.minutes === null ? say("minutes.none") : minutesText(gap.minutes)],
    [say("gap.nearest"), nearest < 0 ? gap.nearest : facilityName(nearest), true],
    [say("area"), gap.area, true],
    [say("gap.streets"), gap.streets, true],
  ];
  const tier = meta.tiers.find(({ id }) => id === gap.tier);
  const notes = [say("gap.own", { choice: ownChoiceText() })];
  return {
    kind: say("kind.gap", { tier: tier ? named(tier) : say("circle") }),
    title: say("gap.title", { rank: gap.rank }),
    rows,
    notes,
    actions: nearest < 0 ? [] : [[say("gap.go"), { kind: "facility", i: nearest }]],
  };
};

const areaCard = ({ i }) => {
  const { meta } = page,
    rows = [];
  meta.tiers.forEach((tier, t) =>
    rows.push([named(tier), coverageText(coverage(i + 1, { ...state, tier: t }))]),
  );
  if (meta.hasPeople)
    rows.push([say("home.elderly"), say("unit.people", { n: count(meta.totals.elderly[i + 1]) })]);
  rows.push([say("area.street"), say("unit.kilometres", { n: kilometres(meta.totals.km[i + 1]) })]);
  return { kind: say("kind.area"), title: meta.areas[i], rows, notes: [choiceText()] };
};

const nameCard = ({ i }) => {
  const { meta, s } = page,
    links = linksNamed(i);
  const metres = links.reduce((sum, link) => sum + s["link.m"][link] / 10, 0);
  const codes = codesNow("street"),
    worst = links.reduce((most, link) => Math.max(most, codes[link]), 0);
  const best = links.reduce((least, link) => Math.min(least, codes[link]), 255);
  const rows = [
    [say("street.length"), lengthText(metres)],
    [say("name.best", { tier: named(meta.tiers[state.tier]) }), codeText(best)],
    [say("name.worst", { tier: named(meta.tiers[state.tier]) }), codeText(worst)],
  ];
  return {
    kind: say("kind.name"),
    title: meta.streetNames[i],
    rows,
    notes: [say("name.hint"), choiceText()],
  };
};

const CARDS = {
  facility: facilityCard,
  home: homeCard,
  street: streetCard,
  gap: gapCard,
  proposal: (thing) => proposalCard(thing),
  area: areaCard,
  name: nameCard,
};
