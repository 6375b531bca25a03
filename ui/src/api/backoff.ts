const firstDelay = 500
const longestDelay = 60_000

/** Milliseconds to wait before attempt n (0 = the first after a failure): doubling up to a minute, then a random part
 * of the upper half, so that a thousand tabs do not return to a restarted server in one second. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(longestDelay, firstDelay * 2 ** attempt)
  return Math.round(ceiling / 2 + (ceiling / 2) * random())
}
