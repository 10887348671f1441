/* Words and figures. Every word of ours comes from words.js; the figures are the engine's. */

const UNKNOWN = "—";
const NBSP = "\u00a0";

/* A phrase of ours in the reader's language, its {gaps} filled. */
const say = (key, values = {}) => {
  const phrase = WORDS[key][state.lang === "zh" ? 0 : 1];
  return phrase.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
};

/* What comes in both languages, as tiers and causes do. */
const named = (thing) =>
  thing === null || thing === undefined
    ? ""
    : typeof thing === "string"
      ? thing
      : thing[state.lang];

/* As Python rounds: a value exactly between two goes to the even one. */
const fixed = (value, digits) => {
  const scaled = value * 10 ** digits,
    below = Math.floor(scaled);
  const tied = scaled - below === 0.5 && Number.isInteger(value * 2 ** (digits + 1));
  return tied ? ((below + (below % 2)) / 10 ** digits).toFixed(digits) : value.toFixed(digits);
};

const grouped = (digits) =>
  digits.replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));

const count = (value) => (Number.isFinite(value) ? grouped(fixed(value, 0)) : UNKNOWN);

const percent = (share) => {
  if (!Number.isFinite(share)) return UNKNOWN;
  if (share > 0 && share < 0.001) return `< 0.1${NBSP}%`;
  if (share > 0.999 && share < 1) return `> 99.9${NBSP}%`;
  const digits = (share > 0 && share < 0.1) || (share > 0.99 && share < 1) ? 1 : 0;
  return `${fixed(share * 100, digits)}${NBSP}%`;
};

const kilometres = (value) => (Number.isFinite(value) ? grouped(fixed(value, 1)) : UNKNOWN);

/* Metres below a kilometre, kilometres above. */
const lengthText = (metres) => {
  if (!Number.isFinite(metres)) return UNKNOWN;
  if (metres < 999.5) return say("unit.metres", { n: fixed(metres, 0) });
  return say("unit.kilometres", { n: grouped(fixed(metres / 1000, metres < 9995 ? 2 : 1)) });
};

const plainNumber = (value) => String(Math.round(value * 100) / 100);

const minutesText = (minutes) =>
  Number.isFinite(minutes) ? say("unit.minutes", { n: fixed(minutes, 1) }) : say("minutes.none");

/* A minutes code, which is rounded up. */
const codeText = (code) => {
  const { quantum, minutes } = page.meta;
  const last = plainNumber(minutes[minutes.length - 1]);
  return code === 255
    ? say("minutes.beyond", { n: last })
    : say("minutes.about", { n: fixed(code / quantum, 0) });
};

const curveAt = (what, place, { tier, walker, direction, minutes }) => {
  const { meta, s } = page,
    curve = s[`curve.${what}`];
  const step = meta.minutes.indexOf(minutes);
  const [D, T, M] = [meta.directions.length, meta.tiers.length, meta.minutes.length];
  return curve[(((place * meta.walkers.length + walker) * D + direction) * T + tier) * M + step];
};

/* Covered, total and share of elderly people, or of street where the study knows no people. */
const coverage = (place = 0, choice = state) => {
  const people = Boolean(page.meta.hasPeople && page.s["curve.elderly"]);
  const what = people ? "elderly" : "km";
  const total = page.meta.totals[what][place],
    covered = curveAt(what, place, choice);
  return { people, covered, total, share: covered / total };
};

const coverageText = ({ people, covered, total, share }) =>
  people
    ? say("covered.people", { covered: count(covered), total: count(total), share: percent(share) })
    : say("covered.km", {
        covered: kilometres(covered),
        total: kilometres(total),
        share: percent(share),
      });

const headline = () => {
  const { people, covered, total, share } = coverage();
  const written = people ? count : kilometres;
  return say(people ? "headline.people" : "headline.km", {
    total: written(total),
    covered: written(covered),
    share: percent(share),
    minutes: plainNumber(state.minutes),
    tier: named(page.meta.tiers[state.tier]),
  });
};

/* Fills in every phrase that the page's markup asks for. */
const TARGETS = {
  w: (node, text) => {
    node.textContent = text;
  },
  wTitle: (node, text) => {
    node.title = text;
  },
  wLabel: (node, text) => node.setAttribute("aria-label", text),
  wPlaceholder: (node, text) => {
    node.placeholder = text;
  },
};

const translate = (root = document) => {
  for (const [name, put] of Object.entries(TARGETS)) {
    const attribute = `data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    for (const node of root.querySelectorAll(`[${attribute}]`)) put(node, say(node.dataset[name]));
  }
};

/* An element with a class and a text; data only ever become text. */
const node = (tag, className, text) => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};

/* Text of the data: a name written from right to left must not turn what stands beside it around. */
const dataNode = (tag, className, text) => {
  const made = node(tag, className, text);
  made.dir = "auto";
  return made;
};
