/* What the page asks: the payload, a facility's circle, the walks from a home or a street. */

const NOWHERE = 4294967295;
const SAMPLES = [0.125, 0.375, 0.625, 0.875];
const FRACTIONS = 65535;
const TENTHS_PER_MINUTE = 600;
/* Times are packed to a tenth of a second: a walk of exactly so many minutes is within them. */
const TIE = 0.05;

/* The page draws and writes; what only walks need stays here. */
const DRAWN = [
  /^(min|curve)\./,
  /^home\.(elderly|area|label|link|cause\..+|visit(\..+)?)$/,
  /^facility\.(x|y|tier)$/,
  /^link\.(kind|flags|name|m)$/,
  /^way\.(kind|flags)$/,
];

let side = null;

/* Where homes or facilities stand: on which link, at which share of its length and, as slopes differ along
   it, of its time from a to b and from b to a. */
const placesOf = (s, name) => {
  const link = s[`${name}.link`] ?? NOTHING,
    at = s[`${name}.at`],
    leg = s[`${name}.leg`];
  const ab = s[`${name}.ab`] ?? at,
    ba = s[`${name}.ba`] ?? at;
  const place = (i) => ({
    link: link[i],
    at: at[i] / FRACTIONS,
    ab: ab[i] / FRACTIONS,
    ba: ba[i] / FRACTIONS,
    leg: leg[i],
  });
  return { count: link.length, of: (i) => (link[i] === NOWHERE ? null : place(i)) };
};

/* A place that is known by its share of the length only. */
const onLink = (link, at) => ({ link, at, ab: at, ba: at, leg: 0 });

const open = async ({ base64 }) => {
  const { meta, sections } = await unpack(base64);
  const shapes = shapesOf(sections);
  side = {
    meta,
    s: sections,
    graph: graphOf(sections, meta.walkers),
    homes: placesOf(sections, "home"),
    facilities: placesOf(sections, "facility"),
    tier: sections["facility.tier"] ?? NOTHING,
    elderly: sections["home.elderly"] ?? NOTHING,
    lines: {
      start: shapes.links.start.slice(),
      x: shapes.links.x.slice(),
      y: shapes.links.y.slice(),
    },
  };
  const drawn = Object.entries(sections).filter(([name]) => DRAWN.some((part) => part.test(name)));
  return { meta, sections: Object.fromEntries(drawn), shapes };
};

const names = async () => nameChains(side.s, side.lines);

const waysOf = (direction) => ({ to: [true], back: [false], worst: [true, false] })[direction];

/* The mean time along every link near a facility, Infinity beyond the limit. */
const meansAlong = (walker, source, searches, limit) => {
  const { graph } = side;
  const mean = new Float64Array(graph.a.length).fill(Infinity);
  const paces = searches.map(({ towards }) => pacesOf(graph, walker, towards));
  for (let link = 0; link < mean.length; link += 1) {
    let sum = 0;
    for (const f of SAMPLES) {
      let worst = 0;
      for (let k = 0; k < searches.length; k += 1) {
        const { time } = searches[k].found,
          [fromA, fromB] = paces[k];
        const a = time[graph.a[link]],
          b = time[graph.b[link]];
        let here =
          Math.min(a, b) > limit
            ? Infinity
            : Math.min(a + part(f, fromA[link]), b + part(1 - f, fromB[link]));
        if (link === source.link)
          here = Math.min(
            here,
            arrival(graph, walker, searches[k].towards, searches[k].found, source, onLink(link, f))
              .time,
          );
        if (here > worst) worst = here;
      }
      sum += worst;
      if (sum === Infinity) break;
    }
    mean[link] = sum / SAMPLES.length;
  }
  return mean;
};

const searchesFrom = (walker, direction, source, limit) =>
  waysOf(direction).map((towards) => ({
    towards,
    found: search(side.graph, walker, [source], towards, limit),
  }));

const timeAt = (walker, source, searches, place) => {
  let worst = 0;
  for (const { towards, found } of searches) {
    worst = Math.max(worst, arrival(side.graph, walker, towards, found, source, place).time);
  }
  return worst;
};

const codesOf = (times) => {
  const { quantum, minutes } = side.meta,
    last = minutes[minutes.length - 1] * TENTHS_PER_MINUTE;
  return Uint8Array.from(times, (time) =>
    time <= last + TIE ? Math.ceil(((time - TIE) / TENTHS_PER_MINUTE) * quantum) : 255,
  );
};

/* Homes that some other facility of the tier reaches as well are struck out, the nearest first. */
const onlyReached = (facility, homes, { walker, direction, limit }) => {
  const { graph, s, tier, facilities } = side;
  const left = new Set(homes),
    fx = s["facility.x"],
    fy = s["facility.y"];
  const away = (other) => Math.hypot(fx[other] - fx[facility], fy[other] - fy[facility]);
  const others = Array.from(tier.keys()).filter(
    (i) => i !== facility && tier[i] === tier[facility] && facilities.of(i),
  );
  others.sort((one, other) => away(one) - away(other));
  for (const other of others) {
    // Those farther off than any walk of this length leads reach none of the homes.
    if (!left.size || away(other) > 2 * farthest(graph, walker, limit)) break;
    const source = facilities.of(other);
    const searches = searchesFrom(walker, direction, source, limit);
    for (const home of left) {
      if (timeAt(walker, source, searches, side.homes.of(home)) <= limit) left.delete(home);
    }
  }
  return left;
};

/* How far a walk can lead as the crow flies, in units of the map: the fastest link sets the pace. */
const farthest = (graph, walker, limit) => {
  const times = graph.times[walker];
  if (times.unitsPerTenth === undefined) {
    const { start, x, y } = side.lines;
    let best = 0;
    for (let link = 0; link < graph.a.length; link += 1) {
      const first = start[link],
        last = start[link + 1] - 1;
      const span = Math.hypot(x[last] - x[first], y[last] - y[first]);
      const quickest = Math.min(times.ab[link], times.ba[link]);
      // Of short links the rounding of times says more than the pace.
      if (quickest < CLOSED && span > 40 && span / quickest > best) best = span / quickest;
    }
    times.unitsPerTenth = best;
  }
  // The straight legs, at most some hundred metres, are walked no faster than the fastest link.
  return times.unitsPerTenth * limit + 4000;
};

const circle = async ({ facility, walker, direction, minutes }) => {
  const { meta, graph, elderly } = side;
  const source = side.facilities.of(facility);
  if (!source) return null;
  const last = meta.minutes[meta.minutes.length - 1] * TENTHS_PER_MINUTE + TIE;
  const limit = minutes * TENTHS_PER_MINUTE + TIE;
  const searches = searchesFrom(walker, direction, source, last);
  const links = codesOf(meansAlong(walker, source, searches, last));
  const homeTimes = new Float64Array(side.homes.count).fill(Infinity);
  let inReach = 0;
  const reached = [];
  for (let home = 0; home < homeTimes.length; home += 1) {
    const place = side.homes.of(home);
    if (!place) continue;
    const { time } = searches[0].found,
      near = Math.min(time[graph.a[place.link]], time[graph.b[place.link]]);
    if (near > last && place.link !== source.link) continue;
    homeTimes[home] = timeAt(walker, source, searches, place);
    if (homeTimes[home] <= limit) {
      inReach += elderly[home];
      reached.push(home);
    }
  }
  let only = 0;
  for (const home of onlyReached(facility, reached, { walker, direction, limit }))
    only += elderly[home];
  return { facility, links, homes: codesOf(homeTimes), inReach, only };
};

/* Length, climb, descent and steps of a walk in pieces. */
const described = (pieces) => {
  const { s } = side,
    sum = { m: 0, up: 0, down: 0, steps: 0 };
  for (const { link, from, to } of pieces) {
    const share = Math.abs(to - from),
      forward = to >= from;
    sum.m += (share * s["link.m"][link]) / 10;
    sum.up += (share * s[forward ? "link.up" : "link.down"][link]) / 10;
    sum.down += (share * s[forward ? "link.down" : "link.up"][link]) / 10;
    sum.steps += share * s["link.steps"][link];
  }
  return sum;
};

/* Minutes from a home or a place on a link to the nearest facility of each tier, and the way to that of
   one tier: the walk there, the walk back, or for `worst` the slower of the two. */
const walks = async ({ home, link, at, walker, direction, tier }) => {
  const { graph, facilities, meta } = side;
  const source = home === undefined ? onLink(link, at) : side.homes.of(home);
  if (!source) return { tiers: meta.tiers.map(() => null), way: null };
  const ways = { to: false, back: true };
  const found = {};
  for (const [name, towards] of Object.entries(ways))
    found[name] = search(graph, walker, [source], towards);
  const tiers = meta.tiers.map(() => null);
  for (let i = 0; i < facilities.count; i += 1) {
    const place = facilities.of(i);
    if (!place) continue;
    const to = arrival(graph, walker, ways.to, found.to, source, place);
    const back = arrival(graph, walker, ways.back, found.back, source, place);
    const time = { to: to.time, back: back.time, worst: Math.max(to.time, back.time) }[direction];
    const best = tiers[side.tier[i]];
    if (time < Infinity && (!best || time < best.time))
      tiers[side.tier[i]] = { facility: i, time, to, back, place };
  }
  const chosen = tiers[tier];
  let way = null;
  if (chosen) {
    const which =
      direction === "worst" ? (chosen.to.time >= chosen.back.time ? "to" : "back") : direction;
    const pieces = piecesTo(
      graph,
      ways[which],
      found[which],
      source,
      chosen.place,
      chosen[which].over,
    );
    const legs = (source.leg + chosen.place.leg) / 10;
    way = { which, pieces, legs, ...described(pieces) };
  }
  const inMinutes = ({ facility, time, to, back }) => ({
    facility,
    minutes: time / TENTHS_PER_MINUTE,
    to: to.time / TENTHS_PER_MINUTE,
    back: back.time / TENTHS_PER_MINUTE,
  });
  return { tiers: tiers.map((best) => best && inMinutes(best)), way };
};

const ANSWERS = { open, names, circle, walks };
