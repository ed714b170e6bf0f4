import type { KeyObject } from 'node:crypto'
import type { EntityManager } from '@mikro-orm/postgresql'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { createTestDatabase } from '../../../../tests/support/test-database.ts'
import { openAuthDatabase } from '../../database.ts'
import type { ManualClock } from '../../testing/auth-client.ts'
import { KeyRing, type KeyRingOptions } from '../key-ring.ts'
import { PrivateKeys } from '../private-keys.ts'
import { type KeyRotation, rotateKeys } from '../rotation.ts'
import { makeSigningKey } from '../signing-key.ts'

/** The life of access tokens in these tests. */
export const ACCESS_TOKEN_SECONDS = 600
/** So often that a test hardly waits. */
const EVERY_MS = 20

/** A database of a test's own, for processes that share it. */
export class KeyDatabase {
  readonly em: EntityManager
  /** Takes the database away. */
  readonly drop: () => Promise<void>
  readonly rootKey = makeSigningKey()
  /** What all rings have logged at the level of warnings or above. */
  readonly warnings: Record<string, unknown>[] = []
  readonly #clock: ManualClock

  private constructor(em: EntityManager, drop: () => Promise<void>, clock: ManualClock) {
    this.em = em
    this.drop = drop
    this.#clock = clock
  }

  static async open(clock: ManualClock): Promise<KeyDatabase> {
    const database = await createTestDatabase()
    const orm = await openAuthDatabase({ url: database.url, logger: pino({ level: 'silent' }) })
    onTestFinished(async () => {
      await orm.close(true)
      await database[Symbol.asyncDispose]()
    })
    return new KeyDatabase(orm.em, async () => database[Symbol.asyncDispose](), clock)
  }

  /** The key ring of one process; it is closed when the test ends. */
  startProcess(options: Partial<KeyRingOptions> & { rootKey?: KeyObject } = {}): Promise<KeyRing> {
    return this.startUnhurriedProcess({ everyMs: EVERY_MS, ...options })
  }

  /** The same, but it reads the table as seldom as outside of tests. */
  async startUnhurriedProcess(options: Partial<KeyRingOptions> & { rootKey?: KeyObject } = {}): Promise<KeyRing> {
    const write = (line: string) => this.warnings.push(JSON.parse(line))
    const ring = await KeyRing.open({
      ...this.#rotationOptions(options.rootKey),
      em: this.em,
      keyLifeSeconds: undefined,
      logger: pino({ level: 'warn' }, { write }),
      ...options,
    })
    onTestFinished(() => ring[Symbol.asyncDispose]())
    return ring
  }

  /** What the command does, in a process of its own. */
  rotate(
    options: { immediately?: boolean; rootKey?: KeyObject; accessTokenSeconds?: number } = {},
  ): Promise<KeyRotation> {
    return rotateKeys(this.em, { ...this.#rotationOptions(options.rootKey), ...options })
  }

  /** All rows as text, their bytes in hexadecimal. */
  async dump(): Promise<string> {
    const rows: object[] = await this.em.fork().execute('SELECT key::text FROM auth.signing_key AS key')
    return JSON.stringify(rows)
  }

  #rotationOptions(rootKey = this.rootKey) {
    return {
      privateKeys: new PrivateKeys(rootKey),
      accessTokenSeconds: ACCESS_TOKEN_SECONDS,
      now: this.#clock.now,
    }
  }
}

/** The ids of the keys that a process publishes, in the order of the alphabet. */
export function publishedIds(ring: KeyRing): string[] {
  return ring
    .published()
    .map(({ kid }) => kid)
    .sort()
}
