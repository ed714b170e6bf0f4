import { AccessTokenVerifier } from '../../platform/access-token.ts'
import type { EventBus } from '../../platform/event-bus/event-bus.ts'
import { RemoteKeySet } from '../../platform/key-set.ts'
import type { Logger } from '../../platform/logging.ts'
import type { Metrics } from '../../platform/metrics.ts'
import { RevocationList, remoteRevocations } from '../../platform/revocation-list.ts'
import { ServiceClient } from '../../platform/service-client.ts'
import type { ServiceSigner } from '../../platform/service-signature.ts'
import type { IdentityConfig } from '../config.ts'
import { ClientIdentification } from './client.ts'
import { TrustedProxies } from './trusted-proxies.ts'

/** How the gateway tells who its clients are, and hears that they no longer are. */
export interface Identity extends AsyncDisposable {
  readonly identification: ClientIdentification
  /** Undefined: tokens of ended sessions are good until they expire. */
  readonly revocations: RevocationList | undefined
  /** Rejects while tokens cannot be verified yet. */
  ready(): Promise<void>
}

/** Without `config` tokens are forwarded without being looked at. */
export function openIdentity(options: {
  config: IdentityConfig | undefined
  trustedProxies: readonly string[]
  signer: ServiceSigner | undefined
  bus: EventBus | undefined
  logger: Logger
  metrics: Metrics
  now: () => Date
}): Identity {
  const { config, now } = options
  const proxies = new TrustedProxies(options.trustedProxies)
  if (!config) {
    const identification = new ClientIdentification({ proxies })
    return { identification, revocations: undefined, ready: async () => {}, [Symbol.asyncDispose]: async () => {} }
  }
  const keys = new RemoteKeySet(config.jwksUrl, { now })
  const revocations = config.authUrl === undefined ? undefined : openRevocations(config.authUrl, options)
  const verifier = new AccessTokenVerifier({ ...config, keys, revocations, now })
  return {
    identification: new ClientIdentification({ verifier, proxies }),
    revocations,
    ready: () => keys.ready(),
    [Symbol.asyncDispose]: async () => revocations?.[Symbol.asyncDispose](),
  }
}

function openRevocations(
  origin: string,
  { signer, ...tools }: Pick<Parameters<typeof openIdentity>[0], 'signer' | 'bus' | 'logger' | 'metrics' | 'now'>,
): RevocationList {
  const auth = new ServiceClient({ service: 'auth', origin, signer })
  return new RevocationList({ readPage: remoteRevocations(auth), ...tools })
}
