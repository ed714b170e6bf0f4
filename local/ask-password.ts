import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/**
 * Asks for a password on the terminal without showing it, or reads the standard input's first line where that is none.
 * Empty when nothing was typed.
 *
 * @throws AbortError when whoever is asked presses Ctrl+C or Ctrl+D.
 */
export async function askPassword(question: string): Promise<string> {
  const { stdin, stderr } = process
  if (!stdin.isTTY) {
    for await (const line of createInterface({ input: stdin })) return line
    return ''
  }
  stderr.write(question)
  const echo = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: stdin, output: echo, terminal: true })
  const leaving = new AbortController()
  terminal.once('SIGINT', () => leaving.abort()).once('close', () => leaving.abort())
  try {
    return await terminal.question('', { signal: leaving.signal })
  } finally {
    terminal.close()
    stderr.write('\n')
  }
}
