import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConfigurationError } from '../platform/environment.ts'
import { makeSigningKey, readSigningKey } from '../subgraphs/auth/keys/signing-key.ts'

/** A new P-256 key in PKCS#8 PEM. */
export function newSigningKey(): string {
  return makeSigningKey().export({ type: 'pkcs8', format: 'pem' }).toString()
}

/**
 * The signing key of a graph on one machine: made at the first start and kept in a file that its owner alone can read,
 * so that nobody is signed out by a restart.
 *
 * @throws ConfigurationError when the file cannot be made, or holds no such key.
 */
export async function keepSigningKey(path: string): Promise<string> {
  const pem = await readOrMake(path)
  if (readSigningKey(pem)) return pem
  throw new ConfigurationError(
    `DATA_DIR: ${path} holds no P-256 key: put it back, or remove it, and everybody has to sign in again.`,
  )
}

async function readOrMake(path: string): Promise<string> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await publish(path, newSigningKey())
    return await readFile(path, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigurationError(`DATA_DIR: the folder cannot hold the data (${reason}); choose another one.`, {
      cause: error,
    })
  }
}

/** Makes the file whole or not at all, also when the process is killed, and leaves one that exists as it is. */
async function publish(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`
  try {
    await writeFile(draft, text, { flag: 'wx', mode: 0o600, flush: true })
    await link(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(draft, { force: true })
  }
}
