/* Colours by minutes: bands of five minutes up to the chosen ones, then what lies beyond. */

const BAND_MIN = 5;
const FADED = [196, 190, 181];

const rgbOf = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/* The colour of minutes is always the same; the chosen minutes only say where the bands end. */
const colourOf = (minutes) => {
  const { bands } = page.meta.colours;
  return (bands.find(([end]) => minutes <= end) ?? bands[bands.length - 1])[1];
};

/* From the nearest on: {upTo, colour}; then beyond, then unreachable. */
const classesNow = () => {
  const { colours, minutes } = page.meta,
    bands = [];
  for (let end = BAND_MIN; end < state.minutes; end += BAND_MIN)
    bands.push({ upTo: end, colour: colourOf(end) });
  bands.push({ upTo: state.minutes, colour: colourOf(state.minutes) });
  const last = minutes[minutes.length - 1];
  const classes = bands.map((band) => ({ ...band, kind: "band", rgb: rgbOf(band.colour) }));
  const rest = isFocused()
    ? { beyond: FADED, unreachable: FADED }
    : {
        beyond: rgbOf(colours.beyond),
        unreachable: rgbOf(colours.unreachable),
      };
  if (state.minutes < last)
    classes.push({ kind: "beyond", upTo: last, colour: colours.beyond, rgb: rest.beyond });
  classes.push({
    kind: "unreachable",
    upTo: Infinity,
    colour: colours.unreachable,
    rgb: rest.unreachable,
  });
  return classes;
};

/* Which class each minutes code belongs to. */
const classTable = (classes) => {
  const { quantum } = page.meta,
    table = new Uint8Array(256);
  for (let code = 0; code < 256; code += 1) {
    table[code] =
      code === 255
        ? classes.length - 1
        : classes.findIndex(({ upTo }) => code <= upTo * quantum + 1e-9);
  }
  return table;
};

/* Whether one facility's own circle is shown, in the place of its whole tier's. */
const isFocused = () => state.found?.circle !== undefined && state.found.circle !== null;

/* What tiles are painted from; made once for every change. */
let paintedFrom = null;
const styleNow = () => {
  if (paintedFrom) return paintedFrom;
  const classes = classesNow(),
    circle = isFocused() ? state.found.circle : null;
  paintedFrom = {
    classes,
    table: classTable(classes),
    links: circle ? circle.links : codesNow("street"),
    homes: circle ? circle.homes : codesNow("home"),
    faded: Boolean(circle),
  };
  return paintedFrom;
};
const forgetStyle = () => {
  paintedFrom = null;
};
