/**
 * What a process has opened, to be closed in the opposite order. As ECMAScript's AsyncDisposableStack, which Node 22
 * does not have yet.
 */
export class Resources implements AsyncDisposable {
  #closers: (() => unknown)[] = []

  /** Keeps a disposable and returns it. */
  use<Resource extends AsyncDisposable>(resource: Resource): Resource {
    this.defer(() => resource[Symbol.asyncDispose]())
    return resource
  }

  /** Calls `close` when the time comes. */
  defer(close: () => unknown): void {
    this.#closers.push(close)
  }

  /** Closes everything, newest first, whatever fails; then reports the first failure. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = []
    for (let close = this.#closers.pop(); close; close = this.#closers.pop()) {
      try {
        await close()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}

/** What is closed at one and the same moment, because none of it needs another. */
export class ResourceGroup implements AsyncDisposable {
  readonly #members: AsyncDisposable[] = []

  /** Keeps a disposable and returns it. */
  use<Resource extends AsyncDisposable>(resource: Resource): Resource {
    this.#members.push(resource)
    return resource
  }

  /** Begins to close everything before it waits for any, whatever fails; then reports the first failure. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ends = await Promise.allSettled(this.#members.map(async (member) => member[Symbol.asyncDispose]()))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }
}

/** Opens resources step by step; when a step fails, those already open are closed before the error goes on. */
export async function openAll<Result extends object>(
  open: (resources: Resources) => Promise<Result>,
): Promise<Result & AsyncDisposable> {
  const resources = new Resources()
  try {
    const result = await open(resources)
    return { ...result, [Symbol.asyncDispose]: () => resources[Symbol.asyncDispose]() }
  } catch (error) {
    await resources[Symbol.asyncDispose]()
    throw error
  }
}
