/* How the worker answers the page. */

/* Which of the arrays of an answer may be handed over, not copied. */
const handedOver = (value, found = new Set()) => {
  if (ArrayBuffer.isView(value)) found.add(value.buffer);
  else if (value && typeof value === "object")
    for (const inner of Object.values(value)) handedOver(inner, found);
  return found;
};

const answer = async ({ id, ask, about }) => {
  try {
    return { id, answer: await ANSWERS[ask](about ?? {}) };
  } catch (error) {
    return { id, error: String(error?.message ?? error) };
  }
};

/* In a worker: what it goes on using is copied, all else handed over. */
const listen = (scope) => {
  scope.onmessage = async ({ data }) => {
    const reply = await answer(data),
      { sections, shapes } = reply.answer ?? {};
    const given = sections
      ? [
          shapes,
          Object.keys(sections)
            .filter((name) => /^(min|curve)\./.test(name))
            .map((name) => sections[name]),
        ]
      : reply.answer;
    scope.postMessage(reply, [...handedOver(given)]);
  };
};
