import type { NetConnectOpts } from 'node:net'
import type { RoleProcess } from './role-process.ts'

const LOOK_EVERY_MS = 250

/**
 * The processes of one role as a load balancer knows them: it asks each whether it is ready, and leads connections in turn
 * to those that were at the last look.
 */
export class Targets implements Disposable {
  readonly #roles: readonly RoleProcess[]
  readonly #ready: Set<RoleProcess>
  readonly #timer: NodeJS.Timeout
  #turn = 0

  constructor(roles: readonly RoleProcess[]) {
    this.#roles = roles
    this.#ready = new Set()
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS)
  }

  /** Asks all of them now. */
  async look(): Promise<void> {
    await Promise.all(
      this.#roles.map(async (role) => {
        if (await role.isReady()) this.#ready.add(role)
        else this.#ready.delete(role)
      }),
    )
  }

  /** For one new connection: where it may lead, the one whose turn it is first. */
  readonly route = (): NetConnectOpts[] => {
    const ready = this.#roles.filter((role) => this.#ready.has(role))
    this.#turn += 1
    return ready.map((_, index) => ({
      host: '127.0.0.1',
      port: ready[(this.#turn + index) % ready.length]?.port ?? 0,
    }))
  };

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
