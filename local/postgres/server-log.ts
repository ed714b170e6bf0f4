import { open } from 'node:fs/promises'
import type { ServerUser } from './server-user.ts'

const KEPT_BYTES = 1_048_576
const EXCERPT_BYTES = 4_096
const EXCERPT_LINES = 16

/** The file that receives what the server says. */
export interface ServerLog extends AsyncDisposable {
  readonly path: string
  readonly fd: number
  /** How many bytes it holds now. */
  length(): Promise<number>
  /** The last lines written beyond so many bytes; since the log was opened when not given. */
  excerpt(begin?: number): Promise<string>
}

/** Opens the log for appending; one of more than 1 MiB begins anew. */
export async function openServerLog(path: string, user: ServerUser): Promise<ServerLog> {
  const file = await open(path, 'a+', 0o600)
  if (user.isSwitched) await file.chown(user.uid, user.gid)
  if ((await file.stat()).size > KEPT_BYTES) await file.truncate()
  const length = async () => (await file.stat()).size
  const start = await length()

  return {
    path,
    fd: file.fd,
    length,
    async excerpt(begin = start) {
      const size = await length()
      const from = Math.max(begin, size - EXCERPT_BYTES)
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from)
      return buffer.toString('utf8', 0, bytesRead).trim().split('\n').slice(-EXCERPT_LINES).join('\n')
    },
    [Symbol.asyncDispose]: () => file.close(),
  }
}
