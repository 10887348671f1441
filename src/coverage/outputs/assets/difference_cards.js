/* What the card says of each thing, and the figures of the whole and of areas. */

/* A change with its sign; a true minus, and none for nothing. */
const signed = (value, written) =>
  value > 0 ? `+${written(value)}` : value < 0 ? `−${written(-value)}` : written(0);

const km2 = (value) => (Number.isFinite(value) ? grouped(fixed(value, 2)) : UNKNOWN);

const figuresNow = (place) => place.figures[state.tier];

/* Homes in one run only, and those with another head-count. */
const otherChange = (people) => people.new - people.vanished + people.recounted;

const shareText = (covered, all) =>
  all > 0 ? `${count(covered)} (${percent(covered / all)})` : count(covered);

/* Both sides, what was gained and lost, and what else differs, of people and of street. */
const changeRows = ({ figures, elderly }) => {
  const { people, km } = figures[state.tier],
    rows = [];
  if (people) {
    const [before, after] = elderly;
    rows.push(
      [
        say("diff.people"),
        say("diff.from.to", {
          before: shareText(people.before, before),
          after: shareText(people.after, after),
        }),
      ],
      [say("diff.people.gained"), count(people.gained)],
      [say("diff.people.lost"), count(people.lost)],
    );
    const other = otherChange(people);
    if (Math.abs(other) >= 0.5) rows.push([say("diff.people.other"), signed(other, count)]);
  }
  rows.push(
    [say("diff.street"), say("diff.km.from.to", { before: km2(km.before), after: km2(km.after) })],
    [say("diff.street.gained"), say("unit.kilometres", { n: km2(km.gained) })],
    [say("diff.street.lost"), say("unit.kilometres", { n: km2(km.lost) })],
  );
  for (const name of ["new", "vanished"])
    if (km[name] >= 0.005)
      rows.push([say(`diff.street.${name}`), say("unit.kilometres", { n: km2(km[name]) })]);
  return rows;
};

/* Of each tier, covered or not, before and after. */
const coverRows = (bits) =>
  page.meta.tiers
    .filter(({ of }) => of !== null)
    .map((tier) => {
      const state_ = (side) => {
        const there = bits & (side ? IN_AFTER : IN_BEFORE);
        if (!there) return say("diff.absent");
        return bits & (1 << (tier.of + 3 * side)) ? say("diff.covered") : say("diff.uncovered");
      };
      return [named(tier), say("diff.from.to", { before: state_(0), after: state_(1) })];
    });

const homeCard = ({ i }) => {
  const { s } = page,
    bits = s["home.bits"][i];
  const people = (value) => fixed(value, value < 9.95 ? 1 : 0);
  const [before, after] = [s["home.old"][i], s["home.new"][i]];
  return {
    kind: say("kind.home"),
    title: say(`diff.is.${CHANGES[changeOf(bits)].id}`),
    rows: [
      [
        say("home.elderly"),
        before === after
          ? say("unit.people", { n: people(after) })
          : say("diff.from.to", { before: people(before), after: people(after) }),
      ],
      ...coverRows(bits),
    ],
  };
};

const streetCard = ({ i }) => {
  const { s, meta } = page,
    bits = s["strip.bits"][i];
  return {
    kind: `${say("kind.name")} · ${say(`diff.is.${CHANGES[changeOf(bits)].id}`)}`,
    title: meta.streetNames[s["strip.name"][i]] || say("street.unnamed"),
    rows: [[say("diff.stretch"), lengthText(s["strip.m"][i])], ...coverRows(bits)],
  };
};

const facilityCard = ({ i }) => {
  const about = page.meta.facilities[i];
  return {
    kind: say("kind.facility"),
    title: facilityName(i),
    rows: [
      [say("diff.facility"), say(`diff.facility.${about.status}`)],
      [say("tier"), named(tierOfFacility(i))],
      [say("facility.id"), about.id, true],
    ],
  };
};

const areaCard = ({ i }) => ({
  kind: `${say("kind.area")} · ${named(page.meta.tiers[state.tier])}`,
  title: page.meta.areas[i],
  rows: changeRows(page.meta.areaFigures[i]),
});

const CARDS = { facility: facilityCard, home: homeCard, street: streetCard, area: areaCard };
