import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { LARGEST_PAYLOAD } from '../payload.ts'

const MAC_BYTES = 32
/** The length of a MAC in base64url. */
const MAC_LENGTH = 43

/** The subject that stands for a topic: `conversation/<uuid>` becomes `parley.conversation.<uuid>`. No two have the same. */
export function subjectOf(topic: string): string {
  return ['parley', ...topic.split('/').map(wordOf)].join('.')
}

/** What NATS gives a meaning of its own is escaped. JSON writes half of a surrogate pair, which a URI cannot hold, as ASCII. */
function wordOf(text: string): string {
  return encodeURIComponent(JSON.stringify(text).slice(1, -1)).replaceAll('.', '%2E').replaceAll('*', '%2A') || '%'
}

/**
 * Writes and reads what travels over NATS: a payload as JSON and, when the services of the graph share a secret, before it
 * an HMAC-SHA256 over subject and JSON. So nobody else who can reach NATS is heard, and nothing is heard on another subject
 * than it was said on. A message can be repeated on its own subject, which a bus may do by itself.
 */
export class NatsMessages {
  readonly #key: Uint8Array | undefined

  constructor(serviceSecret: string | undefined) {
    this.#key =
      serviceSecret === undefined
        ? undefined
        : new Uint8Array(hkdfSync('sha256', serviceSecret, '', 'parley event bus v1', MAC_BYTES))
  }

  /** @param json at most 64 KB. */
  write(subject: string, json: string): string {
    return `${this.#macOf(subject, json)}${json}`
  }

  /** @returns undefined for what this graph did not write. */
  read(subject: string, data: Uint8Array): { readonly payload: unknown } | undefined {
    if (data.length > MAC_LENGTH + LARGEST_PAYLOAD) return undefined
    const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString()
    const json = this.#key ? text.slice(MAC_LENGTH) : text
    if (this.#key && !isEqual(text.slice(0, MAC_LENGTH), this.#macOf(subject, json))) return undefined
    try {
      return { payload: JSON.parse(json) }
    } catch {
      return undefined
    }
  }

  /** Subjects hold no line break, so that subject and JSON cannot be divided elsewhere. */
  #macOf(subject: string, json: string): string {
    return this.#key ? createHmac('sha256', this.#key).update(`${subject}\n${json}`).digest('base64url') : ''
  }
}

function isEqual(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}
