/** @throws Error for an argument that is no number above 0. */
export function positiveNumber<Name extends string>(values: Readonly<Record<Name, string>>, name: Name): number {
  const value = Number(values[name])
  if (value > 0) return value
  throw new Error(`--${name} must be a number above 0.`)
}
