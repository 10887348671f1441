/* What the page of a difference asks: the payload and its shapes. */

const open = async ({ base64 }) => {
  const { meta, sections } = await unpack(base64);
  const shapes = { ...shapesOf(sections), strips: openLines(sections, "strip") };
  const drawn = Object.entries(sections).filter(([name]) =>
    /^(strip|home|facility|way)\.(bits|old|new|name|m|kind|flags|x|y|tier|area)$/.test(name),
  );
  return { meta, sections: Object.fromEntries(drawn), shapes };
};

const ANSWERS = { open };
