/* The packed payload taken apart, away from the page. How it is put together: packing.py. */

const ARRAYS = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
};

const bytesOf = (base64) => {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
};

const inflate = async (bytes) => {
  let stream;
  try {
    stream = new DecompressionStream("deflate-raw");
  } catch {
    // Browsers from before 2022 do not know it.
    return inflateByHand(bytes);
  }
  return new Uint8Array(
    await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer(),
  );
};

/* All lowest bytes come first, then all second bytes, and so on. */
const fromPlanes = (raw, Kind, count) => {
  const width = Kind.BYTES_PER_ELEMENT;
  const out = new Uint8Array(count * width);
  if (width === 1) out.set(raw);
  else
    for (let plane = 0; plane < width; plane += 1) {
      for (let i = plane * count, at = plane; at < out.length; i += 1, at += width)
        out[at] = raw[i];
    }
  return new Kind(out.buffer);
};

const addUp = (values) => {
  // A typed array wraps around by itself.
  for (let i = 1; i < values.length; i += 1) values[i] += values[i - 1];
};

/* The prediction stays within the type, so that "cannot" predicts itself for slower walkers. */
const addBase = (values, base, factor) => {
  const span = 2 ** (8 * values.BYTES_PER_ELEMENT);
  const least = values.constructor.name.startsWith("Int") ? -span / 2 : 0,
    most = least + span - 1;
  for (let i = 0; i < values.length; i += 1) {
    values[i] += Math.min(most, Math.max(least, Math.floor(base[i] * factor + 0.5)));
  }
};

/* Returns {meta, sections}: the study in words, and its arrays by name. */
const unpack = async (base64) => {
  const raw = await inflate(bytesOf(base64));
  const length = new DataView(raw.buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(raw.subarray(4, 4 + length)));
  const start = Math.ceil((4 + length) / 8) * 8;
  const sections = {};
  for (const { name, type, count, offset, bytes, delta, base, factor } of head.sections) {
    const part = raw.subarray(start + offset, start + offset + bytes);
    const values = fromPlanes(part, ARRAYS[type], count);
    if (delta) addUp(values);
    else if (base !== null) addBase(values, sections[base], factor);
    sections[name] = values;
  }
  return { meta: head.meta, sections };
};
