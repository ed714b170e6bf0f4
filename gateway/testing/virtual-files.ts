import type { FileSystem } from '../supergraph/watched-file.ts'

/** Files of which only the fingerprints are known. What is told of changes, and what not, the test decides. */
export class VirtualFiles implements FileSystem {
  fingerprints: Record<string, string> = {}
  /** The folder that is watched, as long as it is. */
  watched: string | undefined
  /** How often was asked since it stalled. */
  asked = 0
  #tell: () => void = () => {}
  #stalled: Promise<void> | undefined

  watch(folder: string, onChange: () => void): () => void {
    this.watched = folder
    this.#tell = onChange
    return () => {
      this.watched = undefined
    }
  }

  /** Does not answer until what this returns is called. */
  stall(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.asked = 0
    this.#stalled = promise
    return () => {
      this.#stalled = undefined
      resolve()
    }
  }

  async fingerprint(path: string): Promise<string> {
    this.asked += 1
    await this.#stalled
    return this.fingerprints[path] ?? 'absent'
  }

  /** Tells that something has happened in the folder. */
  tell(): void {
    this.#tell()
  }
}
