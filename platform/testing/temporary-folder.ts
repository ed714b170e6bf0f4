import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A folder that goes when the test ends; only its owner can enter it, unless another mode is given. */
export async function temporaryFolder(mode = 0o700): Promise<string> {
  const folder = await newTemporaryFolder(mode)
  onTestFinished(() => removeFolder(folder))
  return folder
}

/** The same for several tests, whose file removes it in the end. */
export async function newTemporaryFolder(mode = 0o700): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-test-'))
  await chmod(folder, mode)
  return folder
}

/** Removes a folder with all that is in it. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}
