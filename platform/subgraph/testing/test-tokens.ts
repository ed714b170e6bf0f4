import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import { ACCESS_TOKEN_TYPE, AccessTokenVerifier } from '../../access-token.ts'
import { encodeId } from '../../ids.ts'
import type { Revocable } from '../../revocation-list.ts'

/** Somebody who is signed in. Ids are UUIDs. */
export interface TestViewer {
  readonly userId: string
  readonly sessionId: string
}

interface TokenOptions {
  readonly viewer: TestViewer
  /** Good until so many seconds after the start; ten minutes when not given. */
  readonly seconds?: number
  readonly scope?: string
  readonly kid?: string
  readonly key?: KeyObject
}

/** Access tokens of a test, whose clock begins in 2030 and is moved by hand. */
export class TestTokens {
  static readonly START = Date.parse('2030-01-01T00:00:00Z')
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  readonly revoked = new Set<string>()
  readonly verifier: AccessTokenVerifier
  time = TestTokens.START
  /** What tokens under the key id `slow` wait for. */
  hold: Promise<void> = Promise.resolve()

  constructor() {
    this.verifier = new AccessTokenVerifier({
      keys: {
        find: async (kid) => {
          if (kid === 'slow') await this.hold
          return this.#keys.publicKey
        },
        ready: async () => {},
      },
      issuer: 'parley',
      audience: 'parley',
      revocations: { isRevoked: ({ sessionId }: Revocable) => this.revoked.has(sessionId) },
      now: this.now,
    })
  }

  readonly now = () => new Date(this.time)

  bearer({ viewer, seconds = 600, scope = '', kid = 'quick', key = this.#keys.privateKey }: TokenOptions): string {
    const start = TestTokens.START / 1000
    const claims = { sid: encodeId('ses', viewer.sessionId), scope, iat: start - 60, exp: start + seconds }
    const token = jsonwebtoken.sign(claims, key, {
      algorithm: 'ES256',
      header: { alg: 'ES256', typ: ACCESS_TOKEN_TYPE, kid },
      issuer: 'parley',
      audience: 'parley',
      subject: encodeId('usr', viewer.userId),
    })
    return `Bearer ${token}`
  }
}
