import type { Logger } from '../logging.ts'

/** Calls everybody who listens, whatever one of them throws. */
class Listeners<Message> {
  readonly #entries = new Set<{ readonly listener: (message: Message) => void }>()
  readonly #complain: (error: unknown) => void

  constructor(complain: (error: unknown) => void) {
    this.#complain = complain
  }

  get size(): number {
    return this.#entries.size
  }

  /** Until the returned function is called. The same function may be added twice, and is then called twice. */
  add(listener: (message: Message) => void): () => void {
    const entry = { listener }
    this.#entries.add(entry)
    return () => this.#entries.delete(entry)
  }

  tell(message: Message): void {
    // Who is added or removed by one of them counts from the next message on, or at once.
    for (const entry of [...this.#entries]) {
      if (!this.#entries.has(entry)) continue
      try {
        entry.listener(message)
      } catch (error) {
        this.#complain(error)
      }
    }
  }
}

/** Who listens to a bus in this process. */
export class BusListeners {
  readonly #topics = new Map<string, Listeners<unknown>>()
  readonly #interruptions: Listeners<undefined>
  readonly #complain: (error: unknown) => void

  /** @param logger is told what listeners throw. Without one it is thrown again where nobody can catch it. */
  constructor(logger: Logger | undefined) {
    this.#complain = (error) => {
      if (logger) logger.error({ err: error }, 'A listener of the event bus failed.')
      else
        queueMicrotask(() => {
          throw error
        })
    }
    this.#interruptions = new Listeners(this.#complain)
  }

  has(topic: string): boolean {
    return this.#topics.has(topic)
  }

  /** @param onLast is called when the last listener of the topic is gone. */
  add(topic: string, listener: (payload: unknown) => void, onLast: () => void = () => undefined): () => void {
    const listeners = this.#topics.get(topic) ?? new Listeners<unknown>(this.#complain)
    this.#topics.set(topic, listeners)
    const remove = listeners.add(listener)
    return () => {
      remove()
      if (listeners.size > 0 || this.#topics.get(topic) !== listeners) return
      this.#topics.delete(topic)
      onLast()
    }
  }

  tell(topic: string, payload: unknown): void {
    this.#topics.get(topic)?.tell(payload)
  }

  onInterruption(listener: () => void): () => void {
    return this.#interruptions.add(listener)
  }

  tellInterruption(): void {
    this.#interruptions.tell(undefined)
  }

  /** Forgets all of them. */
  clear(): void {
    this.#topics.clear()
  }
}
