import { readGatewayConfig } from '../../gateway/config.ts'
import { newSigningKey } from '../../local/signing-key.ts'
import { readAuthConfig } from '../../subgraphs/auth/config.ts'
import { readChatConfig } from '../../subgraphs/chat/config.ts'
import type { ConfigMap, Container, SecretKey } from './manifest.ts'

/** How each role reads its environment. */
export const READERS: Readonly<Record<string, (environment: NodeJS.ProcessEnv) => object>> = {
  gateway: readGatewayConfig,
  auth: readAuthConfig,
  chat: readChatConfig,
  worker: readChatConfig,
}

/** Stand-ins for what is in the Secrets, by the key. */
const SECRETS: Readonly<Record<string, string>> = {
  ADMIN_EMAIL: 'first@example.com',
  ADMIN_PASSWORD: 'correct horse battery staple',
  AI_MODERATION_API_KEY: 'sk-moderation',
  DATABASE_URL: 'postgres://parley:secret@postgres-rw.parley-data:5432/parley',
  JWT_SIGNING_KEY: newSigningKey(),
  NATS_URL: 'nats://parley:secret@nats.parley-data:4222',
  OPENAI_API_KEY: 'sk-model',
  REDIS_URL: 'redis://:secret@redis.parley-data:6379',
  SERVICE_SECRET: 'x'.repeat(64),
  SMTP_URL: 'smtp://parley:secret@smtp.example.com:587',
}

/**
 * The environment that a container starts with.
 *
 * @param has whether a key is in its Secret.
 * @throws Error when a ConfigMap, or a key that is not optional, is missing.
 */
export function environmentOf(
  container: Container,
  configMaps: readonly ConfigMap[],
  has: (secret: SecretKey) => boolean = () => true,
): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const { configMapRef } of container.envFrom ?? []) {
    const configMap = configMaps.find(({ metadata }) => metadata.name === configMapRef.name)
    if (!configMap) throw new Error(`There is no ConfigMap ${configMapRef.name}.`)
    Object.assign(environment, configMap.data)
  }
  for (const { name, value, valueFrom } of container.env) {
    const secret = valueFrom?.secretKeyRef
    if (value !== undefined) environment[name] = value
    else if (secret && has(secret)) environment[name] = standIn(secret)
    else if (!secret?.optional) throw new Error(`${name} has no value.`)
  }
  return environment
}

function standIn({ name, key }: SecretKey): string {
  const value = SECRETS[key]
  if (value === undefined) throw new Error(`What would ${key} of the Secret ${name} look like?`)
  return value
}
