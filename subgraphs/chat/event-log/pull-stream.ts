/** What one look at the source of a stream found. */
export interface Batch<Item> {
  readonly items: Item[]
  /** There will be nothing more. */
  readonly ended?: boolean
}

export interface PullStreamSource<Item> {
  /** Reads what is new. Called when the stream was rung and all that was read before has been taken. */
  read(): Promise<Batch<Item>>
  /** Called once, when the stream ends for whatever reason. */
  close(): void
  /** What to say after so many milliseconds of silence. */
  idle?: { readonly afterMs: () => number; readonly item: () => Item }
}

/**
 * A stream that reads only when its consumer asks, so that a slow consumer costs no memory: between two reads it keeps
 * one bit, whether it was rung. It is an iterator written by hand, because an async generator holds back return()
 * until its next value and so leaks its source.
 */
export class PullStream<Item> implements AsyncIterableIterator<Item> {
  readonly #source: PullStreamSource<Item>
  #batch: Item[] = []
  #rung = true
  #state: 'open' | 'last batch' | 'closed' = 'open'
  #wake: (() => void) | undefined

  constructor(source: PullStreamSource<Item>) {
    this.#source = source
  }

  /** There may be something new to read. */
  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  async next(): Promise<IteratorResult<Item, undefined>> {
    while (this.#state !== 'closed') {
      const item = this.#batch.shift()
      if (item !== undefined) return { done: false, value: item }
      if (this.#state === 'last batch') this.#close()
      else if (this.#rung) await this.#read()
      else if (await this.#silence()) return { done: false, value: this.#idleItem() }
    }
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorResult<Item, undefined>> {
    this.#close()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async #read(): Promise<void> {
    this.#rung = false
    try {
      const { items, ended } = await this.#source.read()
      this.#batch = items
      if (ended && this.#state === 'open') this.#state = 'last batch'
    } catch (error) {
      this.#close()
      throw error
    }
  }

  /** Waits to be rung or closed; true when that took so long that something should be said meanwhile. */
  #silence(): Promise<boolean> {
    const { idle } = this.#source
    return new Promise((resolve) => {
      const timer = idle && setTimeout(() => this.#settle(() => resolve(true)), idle.afterMs())
      this.#wake = () =>
        this.#settle(() => {
          clearTimeout(timer)
          resolve(false)
        })
    })
  }

  #settle(resolve: () => void): void {
    this.#wake = undefined
    resolve()
  }

  #idleItem(): Item {
    if (!this.#source.idle) throw new Error('A stream without an idle item never idles.')
    return this.#source.idle.item()
  }

  #close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#batch = []
    this.#source.close()
    this.#wake?.()
  }
}
