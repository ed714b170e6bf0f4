/** The machine's monotonic clock, which all its processes share, in microseconds. */
export function microseconds(): number {
  return Number(process.hrtime.bigint() / 1_000n)
}
