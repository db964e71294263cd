/** The middle one of some numbers, or what lies between the two in the middle. */
export function median(numbers) {
  return quantile(numbers, 0.5);
}

/** The number below which the share `q` of them lies, between neighbours in proportion. */
export function quantile(numbers, q) {
  const sorted = [...numbers].sort((left, right) => left - right);
  const place = (sorted.length - 1) * q;
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low + (high - low) * (place - Math.floor(place));
}
