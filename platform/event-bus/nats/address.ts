/** How NATS is reached, in the words of its client's options. */
export interface NatsAddress {
  /** Hosts, with ports where they are not 4222. */
  readonly servers: string[]
  /** Present: only encrypted connections will do. */
  readonly tls?: Record<string, never>
  readonly user?: string
  readonly pass?: string
  readonly token?: string
}

/**
 * Reads one URL, or several of one cluster separated by commas: `nats://` or, encrypted, `tls://`; with `user:password@`,
 * `token@` or neither. One `tls://` is enough for all to be encrypted, and one pair of credentials counts for all.
 *
 * @returns undefined for what is no such text.
 */
export function readNatsUrl(text: string): NatsAddress | undefined {
  const urls = text.split(',').map((part) => readUrl(part.trim()))
  if (!urls.every((url) => url !== undefined)) return undefined
  const [credentials = {}, ...others] = urls.map(credentialsOf).filter((given) => given !== undefined)
  if (others.some((other) => JSON.stringify(other) !== JSON.stringify(credentials))) return undefined
  return {
    servers: urls.map(({ host }) => host),
    ...(urls.some(({ protocol }) => protocol === 'tls:') && { tls: {} }),
    ...credentials,
  }
}

function readUrl(text: string): URL | undefined {
  if (!/^(nats|tls):\/\//.test(text) || !URL.canParse(text)) return undefined
  const url = new URL(text)
  const isBare = (url.pathname === '' || url.pathname === '/') && url.search === '' && url.hash === ''
  return url.host !== '' && isBare && isDecodable(url.username) && isDecodable(url.password) ? url : undefined
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

function credentialsOf({ username, password }: URL): Omit<NatsAddress, 'servers' | 'tls'> | undefined {
  if (username === '' && password === '') return undefined
  const name = decodeURIComponent(username)
  return password === '' ? { token: name } : { user: name, pass: decodeURIComponent(password) }
}
