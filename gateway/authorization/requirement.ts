/** What must be held: all names of one of the lists. An empty list is always held. */
export type Requirement = readonly (readonly string[])[]

/**
 * The one way of writing a requirement: names and lists sorted, without repetitions, and without lists that ask for more
 * than another one. No list at all requires nothing, as composition takes it.
 */
export function canonical(requirement: Requirement): Requirement {
  const lists = requirement.length === 0 ? [[]] : requirement.map((names) => [...new Set(names)].sort())
  const least: string[][] = []
  for (const names of lists.sort((one, other) => one.length - other.length)) {
    if (!least.some((fewer) => fewer.every((name) => names.includes(name)))) least.push(names)
  }
  return least.sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
}

/** What is held when each of them is. */
export function conjunction(requirements: readonly Requirement[]): Requirement {
  return requirements.reduce(
    (both, next) => canonical(both.flatMap((names) => canonical(next).map((more) => [...names, ...more]))),
    [[]],
  )
}

/** Whether somebody who holds these names holds what is required. */
export function isHeld(requirement: Requirement, held: ReadonlySet<string>): boolean {
  return requirement.some((names) => names.every((name) => held.has(name)))
}
