/** A seeded generator of u32 numbers (mulberry32): small, fast, and the same on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** The numbers 0 to `count` - 1 in an order that follows from `seed` (Fisher-Yates). */
export function seededOrder(count: number, seed: number): Uint32Array {
  const order = new Uint32Array(count);
  const random = seededRandom(seed);
  for (let index = 0; index < count; index++) {
    const other = Math.floor((random() / 0x1_0000_0000) * (index + 1));
    order[index] = order[other] ?? 0;
    order[other] = index;
  }
  return order;
}
