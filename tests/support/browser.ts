import { accessSync, constants, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { TestContext } from 'vitest'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
const SCREENSHOTS = fileURLToPath(new URL('../../test-results/', import.meta.url))
/** For one action on the page. */
const ACTION_MS = 15_000

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** For a test that needs a browser: without one it is skipped with the reason, and under CI it fails. */
export function requireBrowser(context: TestContext): void {
  try {
    accessSync(CHROMIUM, constants.X_OK)
  } catch {
    const reason = `THIS TEST DID NOT RUN: there is no browser at ${CHROMIUM}. Install Debian's chromium, or set CHROMIUM.`
    if (process.env.CI) throw new Error(reason)
    process.stderr.write(`${reason}\n`)
    context.skip(reason)
  }
}

/** Starts a browser without a window. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
}

/** A page of a new profile, with the addresses of everything it asked for and what it complained of. */
export interface WatchedPage {
  readonly page: Page
  readonly requested: readonly URL[]
  readonly complaints: readonly string[]
}

export async function openPage(browser: Browser): Promise<WatchedPage> {
  const page = await browser.newPage({
    viewport: { width: 1280, height: 800 },
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  page.setDefaultTimeout(ACTION_MS)
  const [requested, complaints]: [URL[], string[]] = [[], []]
  page.on('request', (request) => requested.push(new URL(request.url())))
  page.on('websocket', (socket) => requested.push(new URL(socket.url())))
  page.on('pageerror', (error) => complaints.push(error.message))
  return { page, requested, complaints }
}

/** Keeps what the page looks like in test-results. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png` })
}
