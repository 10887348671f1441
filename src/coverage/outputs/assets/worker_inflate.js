/* Raw deflate (RFC 1951) for browsers that cannot do it themselves. */

const LENGTHS = [
  [3, 0],
  [4, 0],
  [5, 0],
  [6, 0],
  [7, 0],
  [8, 0],
  [9, 0],
  [10, 0],
  [11, 1],
  [13, 1],
  [15, 1],
  [17, 1],
  [19, 2],
  [23, 2],
  [27, 2],
  [31, 2],
  [35, 3],
  [43, 3],
  [51, 3],
  [59, 3],
  [67, 4],
  [83, 4],
  [99, 4],
  [115, 4],
  [131, 5],
  [163, 5],
  [195, 5],
  [227, 5],
  [258, 0],
];
const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/* The symbols of a canonical code, shortest first, and how many there are of each length. */
const codeOf = (lengths) => {
  const counts = new Uint16Array(16),
    offsets = new Uint16Array(16);
  for (const length of lengths) counts[length] += 1;
  counts[0] = 0;
  for (let i = 1; i < 16; i += 1) offsets[i] = offsets[i - 1] + counts[i - 1];
  const symbols = new Uint16Array(lengths.length);
  lengths.forEach((length, symbol) => {
    if (length) {
      symbols[offsets[length]] = symbol;
      offsets[length] += 1;
    }
  });
  return { counts, symbols };
};

const FIXED = [
  codeOf([...Array(144).fill(8), ...Array(112).fill(9), ...Array(24).fill(7), ...Array(8).fill(8)]),
  codeOf(Array(30).fill(5)),
];

const inflateByHand = (bytes) => {
  let out = new Uint8Array(Math.max(1024, bytes.length * 4));
  let size = 0,
    at = 0,
    held = 0,
    bits = 0;

  const take = (count) => {
    while (bits < count) {
      if (at >= bytes.length) throw new Error("The data of this page is cut short.");
      held |= bytes[at] << bits;
      at += 1;
      bits += 8;
    }
    const value = held & ((1 << count) - 1);
    held >>>= count;
    bits -= count;
    return value;
  };
  const room = (more) => {
    if (size + more <= out.length) return;
    const larger = new Uint8Array(Math.max(out.length * 2, size + more));
    larger.set(out);
    out = larger;
  };
  const symbol = ({ counts, symbols }) => {
    let code = 0,
      first = 0,
      index = 0;
    for (let length = 1; length < 16; length += 1) {
      code |= take(1);
      if (code - first < counts[length]) return symbols[index + code - first];
      index += counts[length];
      first = (first + counts[length]) << 1;
      code <<= 1;
    }
    throw new Error("The data of this page is damaged.");
  };
  const ownCodes = () => {
    const many = take(5) + 257,
      distances = take(5) + 1,
      used = take(4) + 4;
    const order = Array(19).fill(0);
    for (let i = 0; i < used; i += 1) order[CODE_ORDER[i]] = take(3);
    const code = codeOf(order),
      lengths = [];
    while (lengths.length < many + distances) {
      const found = symbol(code);
      if (found < 16) lengths.push(found);
      else {
        const value = found === 16 ? lengths[lengths.length - 1] : 0;
        const again = found === 16 ? 3 + take(2) : found === 17 ? 3 + take(3) : 11 + take(7);
        for (let i = 0; i < again; i += 1) lengths.push(value);
      }
    }
    return [codeOf(lengths.slice(0, many)), codeOf(lengths.slice(many))];
  };
  const stored = () => {
    held = 0;
    bits = 0;
    const length = bytes[at] | (bytes[at + 1] << 8);
    at += 4;
    room(length);
    out.set(bytes.subarray(at, at + length), size);
    at += length;
    size += length;
  };
  const coded = ([letters, distances]) => {
    for (let found = symbol(letters); found !== 256; found = symbol(letters)) {
      if (found < 256) {
        room(1);
        out[size] = found;
        size += 1;
        continue;
      }
      const [least, extra] = LENGTHS[found - 257];
      const length = least + take(extra);
      const step = symbol(distances),
        wide = step < 4 ? 0 : (step >> 1) - 1;
      const back = step < 4 ? step + 1 : ((2 + (step & 1)) << wide) + take(wide) + 1;
      room(length);
      for (let i = 0; i < length; i += 1, size += 1) out[size] = out[size - back];
    }
  };

  let last = 0;
  while (!last) {
    last = take(1);
    const kind = take(2);
    if (kind === 0) stored();
    else coded(kind === 1 ? FIXED : ownCodes());
  }
  return out.slice(0, size);
};
