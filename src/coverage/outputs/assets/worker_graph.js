/* Walks on the client's own graph. Times are in tenths of a second, as packed. */

const CLOSED = 65535;
const FROM_PLACE_TO_A = -2,
  FROM_PLACE_TO_B = -3;

/* A binary heap of nodes by time; a node may stand in it more than once. */
class Heap {
  constructor() {
    this.keys = new Float64Array(1024);
    this.nodes = new Int32Array(1024);
    this.size = 0;
  }

  push(key, node) {
    if (this.size === this.keys.length) this.grow();
    const { keys, nodes } = this;
    let at = this.size;
    this.size += 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (keys[parent] <= key) break;
      keys[at] = keys[parent];
      nodes[at] = nodes[parent];
      at = parent;
    }
    keys[at] = key;
    nodes[at] = node;
  }

  /* Returns the nearest node; its time is left in `key`. */
  pop() {
    const { keys, nodes } = this;
    const first = nodes[0];
    this.key = keys[0];
    this.size -= 1;
    const key = keys[this.size],
      node = nodes[this.size];
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && keys[child + 1] < keys[child]) child += 1;
      if (keys[child] >= key) break;
      keys[at] = keys[child];
      nodes[at] = nodes[child];
      at = child;
    }
    keys[at] = key;
    nodes[at] = node;
    return first;
  }

  grow() {
    const keys = new Float64Array(2 * this.keys.length),
      nodes = new Int32Array(2 * this.nodes.length);
    keys.set(this.keys);
    nodes.set(this.nodes);
    Object.assign(this, { keys, nodes });
  }
}

/* No part of a closed link takes no time; any other part takes for ever. */
const part = (share, time) => (share === 0 ? 0 : time === CLOSED ? Infinity : share * time);

/* Links at each node: link * 2 where the node is its a, link * 2 + 1 where it is its b. */
const graphOf = (s, walkers) => {
  const a = s["link.a"] ?? NOTHING,
    b = s["link.b"] ?? NOTHING,
    nodes = (s["node.x"] ?? NOTHING).length;
  const first = new Uint32Array(nodes + 1);
  for (let link = 0; link < a.length; link += 1) {
    first[a[link] + 1] += 1;
    first[b[link] + 1] += 1;
  }
  for (let node = 0; node < nodes; node += 1) first[node + 1] += first[node];
  const next = first.slice(0, nodes),
    arcs = new Uint32Array(2 * a.length);
  for (let link = 0; link < a.length; link += 1) {
    arcs[next[a[link]]] = 2 * link;
    next[a[link]] += 1;
    arcs[next[b[link]]] = 2 * link + 1;
    next[b[link]] += 1;
  }
  const times = walkers.map(({ mps }, w) => ({
    ab: s[`time.${w}.ab`] ?? NOTHING,
    ba: s[`time.${w}.ba`] ?? NOTHING,
    mps,
  }));
  return { nodes, a, b, first, arcs, times };
};

/* What it takes to go along a link from a and from b, for a walk away from the source or towards it. */
const pacesOf = (graph, walker, towards) => {
  const { ab, ba } = graph.times[walker];
  return towards ? [ba, ab] : [ab, ba];
};

/* The shares of these times between a and a place, and between b and it. */
const sharesOf = ({ ab, ba }, towards) => (towards ? [ba, 1 - ab] : [ab, 1 - ba]);

/* Times between a place {link, at, leg} and every node, with the arc that each was reached by:
   walking away from the place, or with `towards` walking to it. Stops beyond the limit. */
const search = (graph, walker, places, towards, limit = Infinity) => {
  const [fromA, fromB] = pacesOf(graph, walker, towards);
  const time = new Float64Array(graph.nodes).fill(Infinity);
  const by = new Int32Array(graph.nodes).fill(-1);
  const heap = new Heap();
  const reach = (node, at, arc) => {
    if (at < time[node] && at <= limit) {
      time[node] = at;
      by[node] = arc;
      heap.push(at, node);
    }
  };
  for (const place of places) {
    const { link } = place,
      start = legTime(graph, walker, place.leg),
      [beforeA, beforeB] = sharesOf(place, towards);
    // On to b is the rest of the walk from a, on to a that of the walk from b.
    reach(graph.b[link], start + part(1 - beforeA, fromA[link]), FROM_PLACE_TO_B);
    reach(graph.a[link], start + part(1 - beforeB, fromB[link]), FROM_PLACE_TO_A);
  }
  const { first, arcs, a, b } = graph;
  while (heap.size) {
    const node = heap.pop(),
      here = heap.key;
    if (here > time[node]) continue;
    for (let k = first[node]; k < first[node + 1]; k += 1) {
      const arc = arcs[k],
        link = arc >> 1;
      const cost = arc & 1 ? fromB[link] : fromA[link];
      if (cost === CLOSED) continue;
      reach(arc & 1 ? a[link] : b[link], here + cost, arc);
    }
  }
  return { time, by };
};

/* Tenths of a second for a straight leg of so many tenths of a metre. */
const legTime = (graph, walker, leg) => leg / graph.times[walker].mps;

/* The time between the source of a search and another place, and how it gets there: over the end a,
   over the end b, or along the link that both stand on. */
const arrival = (graph, walker, towards, found, source, place) => {
  const [fromA, fromB] = pacesOf(graph, walker, towards);
  const { link } = place,
    [beforeA, beforeB] = sharesOf(place, towards);
  let best = found.time[graph.a[link]] + part(beforeA, fromA[link]),
    over = "a";
  const other = found.time[graph.b[link]] + part(beforeB, fromB[link]);
  if (other < best) {
    best = other;
    over = "b";
  }
  if (source.link === link) {
    const [sourceA, sourceB] = sharesOf(source, towards),
      ahead = place.at >= source.at;
    const share = ahead ? beforeA - sourceA : beforeB - sourceB;
    const along =
      legTime(graph, walker, source.leg) +
      part(Math.max(0, share), ahead ? fromA[link] : fromB[link]);
    if (along <= best) {
      best = along;
      over = "along";
    }
  }
  return { time: best + legTime(graph, walker, place.leg), over };
};

/* The pieces {link, from, to} of the walk between the source of a search and a place, in the order of
   walking: from the source, or with `towards` from the place to the source. */
const piecesTo = (graph, towards, found, source, place, over) => {
  const pieces = [];
  if (over === "along") pieces.push({ link: source.link, from: source.at, to: place.at });
  else {
    let node = over === "a" ? graph.a[place.link] : graph.b[place.link];
    pieces.push({ link: place.link, from: over === "a" ? 0 : 1, to: place.at });
    while (found.by[node] >= 0) {
      const arc = found.by[node],
        link = arc >> 1;
      pieces.push(arc & 1 ? { link, from: 1, to: 0 } : { link, from: 0, to: 1 });
      node = arc & 1 ? graph.b[link] : graph.a[link];
    }
    pieces.push({
      link: source.link,
      from: source.at,
      to: found.by[node] === FROM_PLACE_TO_B ? 1 : 0,
    });
    pieces.reverse();
  }
  return towards
    ? pieces.reverse().map(({ link, from, to }) => ({ link, from: to, to: from }))
    : pieces;
};
