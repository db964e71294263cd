const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** "512 B", "1.2 GiB": one decimal from KiB on. */
export function showBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  // 1023.95 would be shown as 1024.0, which the next unit shows better.
  while (unit < UNITS.length - 1 && value >= (unit === 0 ? 1024 : 1023.95)) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? String(Math.floor(value)) : value.toFixed(1)} ${UNITS[unit] ?? ''}`;
}

/** "95.3 MiB/s". */
export function showRate(bytesPerSecond: number): string {
  return `${showBytes(bytesPerSecond)}/s`;
}

/** "850 ms", "12.3 s", "1m 03s", "2h 05m", "3d 04h": how long something took. */
export function showDuration(durationMs: number): string {
  const ms = Math.max(0, durationMs);
  if (Math.round(ms) < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  return showMinutes(Math.round(ms / 1000));
}

/** "9 s", "1m 03s": how long something will take or has lasted so far, where tenths would only flicker. */
export function showSeconds(durationMs: number): string {
  const seconds = Math.round(Math.max(0, durationMs) / 1000);
  return seconds < 60 ? `${seconds} s` : showMinutes(seconds);
}

function showMinutes(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${twoDigits(seconds % 60)}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h ${twoDigits(minutes % 60)}m`;
  return `${Math.floor(hours / 24)}d ${twoDigits(hours % 24)}h`;
}

/** "42.3 %". Below the whole it never says 100. */
export function showPercent(part: number, whole: number): string {
  const ratio = ratioOf(part, whole);
  const percent = ratio < 1 ? Math.min(99.9, Math.floor(ratio * 1000) / 10) : 100;
  return `${percent.toFixed(1)} %`;
}

/** Between 0 and 1; 1 for a part of nothing, because an empty file is complete. */
export function ratioOf(part: number, whole: number): number {
  return whole <= 0 ? 1 : Math.min(1, Math.max(0, part / whole));
}

/** "1 file", "12 files". */
export function showCount(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}
