import { type FSWatcher, watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Logger } from '../../platform/logging.ts'
import { systemTimers, type Timers } from '../upstream/timers.ts'

/** How long a file must stay as it is before it counts as written, in milliseconds. */
const AT_REST_MS = 100

/** How often it is looked at when nothing is heard of it, in milliseconds. */
const LOOK_EVERY_MS = 5_000

/** How long the file system may take to tell what the file looks like before that is said, in milliseconds. */
const STALLED_MS = 10_000

/** What tells of changes, and what a file looks like from outside. */
export interface FileSystem {
  /**
   * Calls back when something may have changed in a folder. It may miss changes, and tell of others.
   *
   * @returns ends it.
   */
  watch(folder: string, onChange: () => void): () => void
  /** Differs when the file may have changed; the same text every time there is no such file. Never rejects. */
  fingerprint(path: string): Promise<string>
}

/**
 * Tells when a file has changed and is written to its end. Its folder is watched rather than itself, because it is
 * replaced more often than it is written into, and by way of symbolic links, as Kubernetes replaces a ConfigMap. Where
 * the file system tells nothing, as one over a network does, it is looked at every few seconds.
 */
export class WatchedFile {
  readonly #path: string
  readonly #onChange: () => void
  readonly #files: FileSystem
  readonly #timers: Timers
  readonly #logger: Logger
  readonly #unwatch: () => void
  #known: string | undefined
  /** As it was when it was looked at last, if that was news. */
  #seen: string | undefined
  #cancelLook: (() => void) | undefined
  #cancelPoll: (() => void) | undefined
  #cancelWarning: (() => void) | undefined
  #isLooking = false
  #isClosed = false

  /** @param onChange called for each state in which the file comes to rest: the first, and also that of being absent. */
  constructor(path: string, onChange: () => void, options: { logger: Logger; files?: FileSystem; timers?: Timers }) {
    this.#path = path
    this.#onChange = onChange
    this.#files = options.files ?? fileSystem(options.logger)
    this.#timers = options.timers ?? systemTimers
    this.#logger = options.logger
    this.#unwatch = this.#files.watch(dirname(path), () => this.#lookSoon())
    void this.#look()
  }

  close(): void {
    this.#isClosed = true
    this.#cancelLook?.()
    this.#cancelPoll?.()
    this.#cancelWarning?.()
    this.#unwatch()
  }

  /** Not put off by what is heard meanwhile: in a folder in which much happens it would never come to pass. */
  #lookSoon(): void {
    if (this.#isClosed || this.#cancelLook) return
    this.#cancelLook = this.#timers.after(AT_REST_MS, () => {
      this.#cancelLook = undefined
      void this.#look()
    })
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return this.#lookSoon()
    this.#isLooking = true
    this.#cancelWarning = this.#timers.after(STALLED_MS, () => this.#warn())
    const found = await this.#files.fingerprint(this.#path)
    this.#cancelWarning()
    this.#isLooking = false
    if (this.#isClosed) return
    this.#cancelPoll?.()
    this.#cancelPoll = this.#timers.after(LOOK_EVERY_MS, () => void this.#look())
    this.#compare(found)
  }

  /** It is not asked once more meanwhile: each question that is not answered holds a thread of the process. */
  #warn(): void {
    this.#logger.warn({ path: this.#path }, 'the file system does not answer, and no change of this file is seen')
  }

  #compare(found: string): void {
    if (found === this.#known) this.#seen = undefined
    else if (found !== this.#seen) {
      this.#seen = found
      this.#lookSoon()
    } else {
      this.#known = found
      this.#seen = undefined
      this.#onChange()
    }
  }
}

/** The real one. Without inotify, say, only the clock leads to looking. */
function fileSystem(logger: Logger): FileSystem {
  return {
    watch(folder, onChange) {
      const giveUp = (err: unknown) =>
        logger.debug({ err, folder }, 'a folder cannot be watched and is looked at instead')
      let watcher: FSWatcher
      try {
        watcher = watch(folder, { persistent: false }, onChange)
      } catch (error) {
        giveUp(error)
        return () => {}
      }
      watcher.on('error', (error) => {
        giveUp(error)
        watcher.close()
      })
      return () => watcher.close()
    },
    async fingerprint(path) {
      try {
        const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
        return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
      } catch {
        return 'absent'
      }
    },
  }
}
