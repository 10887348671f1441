/* What the reader has chosen, and who wants to know when it changes. */

const page = { meta: null, s: {}, shapes: null, map: null };

const state = {
  lang: "zh",
  tier: 0,
  walker: 0,
  direction: 0,
  minutes: 15,
  /* What is selected, {kind, …}, and what was found out about it. */
  selected: null,
  found: null,
  base: "own",
  shown: {
    streets: true,
    halo: true,
    homes: true,
    gaps: true,
    facilities: true,
    proposals: true,
    visits: false,
    areas: true,
    names: true,
    water: true,
    ways: true,
    buildings: true,
  },
};

const watchers = [];

/* Calls `then` after any of the keys has changed. */
const watch = (keys, then) => watchers.push([keys.split(" "), then]);

const change = (patch) => {
  const changed = Object.keys(patch).filter((key) => state[key] !== patch[key]);
  Object.assign(state, patch);
  if (!changed.length) return;
  for (const [keys, then] of watchers) if (keys.some((key) => changed.includes(key))) then(changed);
};

const CHOICE = "tier walker direction minutes";

const isOwnChoice = () => {
  const { own, tiers } = page.meta;
  return (
    state.walker === own.walker &&
    state.direction === own.direction &&
    state.minutes === tiers[state.tier].threshold
  );
};

/* Facilities of each tier, by their positions. */
const membersOf = (tier) => {
  if (!page.members) {
    page.members = page.meta.tiers.map(() => []);
    (page.s["facility.tier"] ?? []).forEach((of, i) => page.members[of].push(i));
  }
  return page.members[tier];
};

/* Minutes codes of links or homes in the present choice. */
const codesNow = (what) => page.s[`min.${what}.${state.walker}.${state.direction}.${state.tier}`];

/* Questions for the worker; where workers are refused, the page answers itself. */
const asking = new Map();
let sendQuestion = null;
let questions = 0;

const ask = (what, about) =>
  new Promise((resolve, reject) => {
    questions += 1;
    const question = { id: questions, ask: what, about };
    asking.set(question.id, { resolve, reject, question });
    sendQuestion(question);
  });

const hear = ({ id, answer, error }) => {
  const { resolve, reject } = asking.get(id);
  asking.delete(id);
  if (error === undefined) resolve(answer);
  else reject(new Error(error));
};

const startWorker = () => {
  const answerHere = () => {
    const answered = workerSide().answer;
    sendQuestion = async (question) => hear(await answered(question));
    for (const { question } of [...asking.values()]) sendQuestion(question);
  };
  try {
    const source = `"use strict"; (${workerSide})().listen(self);`;
    const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    let heard = false;
    worker.onmessage = ({ data }) => {
      heard = true;
      hear(data);
    };
    worker.onerror = (event) => {
      // Some browsers refuse a worker only after it was made.
      event.preventDefault();
      if (!heard) answerHere();
    };
    sendQuestion = (question) => worker.postMessage(question);
  } catch {
    answerHere();
  }
};
