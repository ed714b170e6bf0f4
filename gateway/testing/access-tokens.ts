import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import jsonwebtoken from 'jsonwebtoken'
import { ACCESS_TOKEN_TYPE } from '../../platform/access-token.ts'
import { encodeId, newUuid } from '../../platform/ids.ts'

const KEY_ID = 'test-key'

/** Publishes a key, as auth does, and signs access tokens with it. */
export interface TokenIssuer extends AsyncDisposable {
  /** What a gateway needs to trust this issuer. */
  readonly environment: { JWKS_URL: string; JWT_ISSUER: string; JWT_AUDIENCE: string }
  token(options: { issuedAt: Date; expiresInSeconds: number }): string
  /** Signed by somebody else, under the same key id. */
  forgedToken(issuedAt: Date): string
}

export async function startTokenIssuer(): Promise<TokenIssuer> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: KEY_ID, use: 'sig', alg: 'ES256' }
  const server = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    environment: {
      JWKS_URL: `http://127.0.0.1:${port}/.well-known/jwks.json`,
      JWT_ISSUER: 'test-issuer',
      JWT_AUDIENCE: 'test-audience',
    },
    token: ({ issuedAt, expiresInSeconds }) => sign(privateKey, issuedAt, expiresInSeconds),
    forgedToken: (issuedAt) => sign(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, issuedAt, 600),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
}

function sign(key: KeyObject, issuedAt: Date, expiresInSeconds: number): string {
  const iat = Math.floor(issuedAt.getTime() / 1000)
  return jsonwebtoken.sign({ sid: encodeId('ses', newUuid()), scope: '', iat, exp: iat + expiresInSeconds }, key, {
    algorithm: 'ES256',
    keyid: KEY_ID,
    header: { alg: 'ES256', typ: ACCESS_TOKEN_TYPE },
    issuer: 'test-issuer',
    audience: 'test-audience',
    subject: encodeId('usr', newUuid()),
  })
}
