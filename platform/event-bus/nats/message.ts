import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { LruCache } from '../../lru-cache.ts'
import { TRACEPARENT_LENGTH } from '../../tracing/propagation.ts'
import { LARGEST_PAYLOAD } from '../payload.ts'

const ALGORITHM = 'aes-256-gcm'
const LABEL = 'parley event bus v2'
const KEY_BYTES = 32
const SALT_BYTES = 16
const NONCE_BYTES = 12
/** The part of a nonce that counts: enough for a message a microsecond in eight years. */
const COUNTER_BYTES = 6
const TAG_BYTES = 16
const OVERHEAD = SALT_BYTES + NONCE_BYTES + TAG_BYTES
/** The keys of so many processes are remembered; others are derived again. */
const MOST_KEYS = 1_000

/** The subject that stands for a topic: `conversation/<uuid>` becomes `parley.conversation.<uuid>`. No two have the same. */
export function subjectOf(topic: string): string {
  return ['parley', ...topic.split('/').map(wordOf)].join('.')
}

/** What NATS gives a meaning of its own is escaped. JSON writes half of a surrogate pair, which a URI cannot hold, as ASCII. */
function wordOf(text: string): string {
  return encodeURIComponent(JSON.stringify(text).slice(1, -1)).replaceAll('.', '%2E').replaceAll('*', '%2A') || '%'
}

/** What this graph wrote. */
export interface HeardMessage {
  readonly payload: unknown
  /** The span that it was published in (W3C Trace Context); undefined where nothing is recorded. */
  readonly traceparent: string | undefined
}

/** A traceparent and a line feed, with which no JSON begins. */
const TRACED = /^(00-[\da-f]{32}-[\da-f]{16}-[\da-f]{2})\n/
const TRACED_BYTES = TRACEPARENT_LENGTH + 1

/**
 * Writes and reads what travels over NATS: a payload as JSON, behind the span that it was published in, if one is recorded.
 * When the services of the graph share a secret, it is encrypted and authenticated together with its subject (AES-256-GCM,
 * NIST SP 800-38D). So nobody else who can reach NATS reads it or is heard, and nothing is heard on another subject than it
 * was said on. A message can be repeated on its own subject, which a bus may do by itself.
 */
export class NatsMessages {
  readonly #box: SecretBox | undefined

  constructor(serviceSecret: string | undefined) {
    this.#box = serviceSecret === undefined ? undefined : new SecretBox(serviceSecret)
  }

  /** @param json at most 64 KB. */
  write(subject: string, json: string, traceparent?: string | undefined): Uint8Array {
    const text = traceparent === undefined ? json : `${traceparent}\n${json}`
    return this.#box?.seal(subject, text) ?? Buffer.from(text)
  }

  /** @returns undefined for what this graph did not write. */
  read(subject: string, data: Uint8Array): HeardMessage | undefined {
    const largest = LARGEST_PAYLOAD + (this.#box ? OVERHEAD : 0)
    if (data.length > largest + TRACED_BYTES) return undefined
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    try {
      const text = (this.#box?.open(subject, bytes) ?? bytes).toString()
      const [head = '', traceparent] = TRACED.exec(text) ?? []
      return data.length > largest + head.length
        ? undefined
        : { payload: JSON.parse(text.slice(head.length)), traceparent }
    } catch {
      return undefined
    }
  }
}

/**
 * Each process encrypts with a key of its own, derived from the shared secret (HKDF, RFC 5869) and a random salt that each
 * message begins with. So it can count its nonces, and none is ever used twice with a key, however many messages there are.
 */
class SecretBox {
  readonly #secret: string
  readonly #salt = randomBytes(SALT_BYTES)
  readonly #key: Uint8Array
  /** By their salts in hexadecimal, of processes that had the secret. */
  readonly #keys = new LruCache<Uint8Array>(MOST_KEYS)
  #count = 0

  constructor(secret: string) {
    this.#secret = secret
    this.#key = this.#derive(this.#salt)
  }

  /** Salt, nonce, ciphertext and tag. */
  seal(subject: string, text: string): Buffer {
    const nonce = Buffer.alloc(NONCE_BYTES)
    nonce.writeUIntBE(this.#count++, NONCE_BYTES - COUNTER_BYTES, COUNTER_BYTES)
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce).setAAD(Buffer.from(subject))
    return Buffer.concat([this.#salt, nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
  }

  /** @throws Error for what was not sealed with the secret for this subject. */
  open(subject: string, sealed: Buffer): Buffer {
    if (sealed.length < OVERHEAD) throw new Error('It is too short to have been sealed.')
    const salt = sealed.subarray(0, SALT_BYTES)
    const name = salt.toString('hex')
    const key = this.#keys.get(name) ?? this.#derive(salt)
    const nonce = sealed.subarray(SALT_BYTES, SALT_BYTES + NONCE_BYTES)
    const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(subject)).setAuthTag(sealed.subarray(-TAG_BYTES))
    const text = decipher.update(sealed.subarray(SALT_BYTES + NONCE_BYTES, -TAG_BYTES))
    decipher.final()
    // Only now: whoever makes salts up would drive the keys of others out.
    this.#keys.set(name, key, 1)
    return text
  }

  /** The salt belongs to the label, because strangers can choose it (RFC 5869, 3.1). */
  #derive(salt: Uint8Array): Uint8Array {
    const label = Buffer.concat([Buffer.from(LABEL), salt])
    return new Uint8Array(hkdfSync('sha256', this.#secret, '', label, KEY_BYTES))
  }
}
