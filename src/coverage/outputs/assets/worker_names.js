/* Street names run along whole streets: links of one name, joined end to end. */

const headingAt = (lines, link, atStart) => {
  const first = lines.start[link],
    last = lines.start[link + 1] - 1;
  const [from, to] = atStart ? [first, first + 1] : [last, last - 1];
  return Math.atan2(lines.y[to] - lines.y[from], lines.x[to] - lines.x[from]);
};

/* The link that goes on most nearly straight ahead, if any does not turn back. */
const nextOf = (meeting, used, a, lines, node, heading) => {
  let best = -1,
    least = Math.PI / 2;
  for (const link of meeting.get(node)) {
    if (used.has(link)) continue;
    const turn = headingAt(lines, link, a[link] === node) - heading;
    const bend = Math.abs(Math.atan2(Math.sin(turn), Math.cos(turn)));
    if (bend < least) {
      least = bend;
      best = link;
    }
  }
  return best;
};

const nameChains = (s, lines) => {
  const a = s["link.a"] ?? NOTHING,
    b = s["link.b"] ?? NOTHING,
    name = s["link.name"] ?? NOTHING,
    flags = s["link.flags"];
  const groups = new Map();
  for (let link = 0; link < name.length; link += 1) {
    if (!name[link] || flags[link] & 1) continue;
    if (!groups.has(name[link])) groups.set(name[link], []);
    groups.get(name[link]).push(link);
  }
  const names = [],
    counts = [],
    x = [],
    y = [];
  for (const [which, members] of groups) {
    const meeting = new Map(),
      used = new Set();
    for (const link of members) {
      for (const node of [a[link], b[link]]) {
        if (!meeting.has(node)) meeting.set(node, []);
        meeting.get(node).push(link);
      }
    }
    for (const seed of members) {
      if (used.has(seed)) continue;
      used.add(seed);
      const forward = extended(seed, b[seed], true),
        backward = extended(seed, a[seed], false);
      const before = x.length;
      for (const [link, along] of [
        ...backward.reverse().map(([l, d]) => [l, !d]),
        [seed, true],
        ...forward,
      ]) {
        const first = lines.start[link],
          last = lines.start[link + 1] - 1;
        for (let k = 0; k <= last - first; k += 1) {
          const at = along ? first + k : last - k;
          if (
            x.length > before &&
            x[x.length - 1] === lines.x[at] &&
            y[y.length - 1] === lines.y[at]
          )
            continue;
          x.push(lines.x[at]);
          y.push(lines.y[at]);
        }
      }
      names.push(which);
      counts.push(x.length - before);
    }
    function extended(seed, from, atEnd) {
      const found = [];
      let node = from,
        heading = headingAt(lines, seed, !atEnd) + Math.PI;
      for (;;) {
        const link = nextOf(meeting, used, a, lines, node, heading);
        if (link < 0) return found;
        used.add(link);
        const along = a[link] === node;
        found.push([link, along]);
        heading = headingAt(lines, link, !along) + Math.PI;
        node = along ? b[link] : a[link];
      }
    }
  }
  const shape = thinned(
    { start: startsOf(counts), x: Int32Array.from(x), y: Int32Array.from(y) },
    4,
  );
  return {
    ...shape,
    ...index(boxesOf(shape.start, shape.x, shape.y)),
    name: Uint32Array.from(names),
  };
};
