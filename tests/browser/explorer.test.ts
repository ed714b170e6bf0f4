import type { Browser, Page } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openPage, requireBrowser, screenshot, startBrowser, type WatchedPage } from '../support/browser.ts'
import { createConversation, sendMessage, signUp } from '../support/people.ts'
import { startTestGraph, type TestGraph } from '../support/test-graph.ts'

vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeEach(async (context) => {
  requireBrowser(context)
  browser = await startBrowser()
})
afterEach(() => browser?.close())

/** A graph that serves this explorer, with the demo assistant at the pace that people see. */
async function graphWith(explorer: 'offline' | 'sandbox'): Promise<TestGraph> {
  const graph = await startTestGraph({ environment: { EXPLORER: explorer }, overrides: { demoModel: {} } })
  onTestFinished(() => graph[Symbol.asyncDispose]())
  return graph
}

/** GraphiQL as a person uses it: by what it shows. */
class Explorer {
  readonly #page: Page

  constructor(page: Page) {
    this.#page = page
  }

  async writeHeaders(headers: Record<string, string>): Promise<void> {
    await this.#page.getByRole('button', { name: 'Headers' }).click()
    await this.#write('Headers', JSON.stringify(headers))
  }

  /** Replaces the operation in the editor and runs it, once the explorer has taken notice: its tab bears the name. */
  async run(name: string, operation: string): Promise<void> {
    await this.#write('Operation Editor', operation)
    await this.#page.getByRole('tab', { name, exact: true }).waitFor()
    await this.#page.getByRole('button', { name: /execute query/i }).click()
  }

  async stop(): Promise<void> {
    await this.#page.getByRole('button', { name: /stop query/i }).click()
  }

  /** Waits for a response that matches. */
  async shows(pattern: RegExp): Promise<void> {
    const matches = ({ source, selector }: { source: string; selector: string }) =>
      new RegExp(source).test(document.querySelector(selector)?.textContent ?? '')
    try {
      await this.#page.waitForFunction(matches, { source: pattern.source, selector: '.graphiql-response' })
    } catch (error) {
      await screenshot(this.#page, 'explorer-failure')
      throw new Error(`The explorer never showed ${pattern}; see test-results/explorer-failure.png.`, { cause: error })
    }
  }

  /** Pasted, because the editor completes what is typed. */
  async #write(editor: string, text: string): Promise<void> {
    await this.#page.getByRole('region', { name: editor }).locator('.view-lines').filter({ visible: true }).click()
    await this.#page.keyboard.press('Control+A')
    await this.#page.evaluate((copied) => navigator.clipboard.writeText(copied), text)
    await this.#page.keyboard.press('Control+V')
  }
}

function expectNobodyElseWasAsked({ requested }: WatchedPage, graph: TestGraph): void {
  const hosts = new Set(requested.filter(({ protocol }) => protocol !== 'blob:').map(({ host }) => host))
  expect([...hosts]).toEqual([new URL(graph.url).host])
}

describe('the bundled explorer', () => {
  it('runs a query and shows a reply as it grows, with the token from its headers pane, and asks nobody but the gateway', async () => {
    const graph = await graphWith('offline')
    const ada = await signUp(graph)
    const conversationId = await createConversation(ada)
    const watched = await openPage(browser)
    await watched.page.goto(`${graph.url}/graphql`)
    const explorer = new Explorer(watched.page)

    await explorer.writeHeaders({ Authorization: `Bearer ${ada.tokens.accessToken}` })
    await explorer.run('WhoAmI', 'query WhoAmI { me { username } }')
    await explorer.shows(new RegExp(`"username":\\s"${ada.username}"`))
    await screenshot(watched.page, 'explorer-query')

    await explorer.run(
      'Watch',
      `subscription Watch {
        conversationEvents(conversationId: "${conversationId}") {
          __typename
          ... on ReplyTextAppended { offset text }
          ... on ReplyFinished { message { body } }
        }
      }`,
    )
    await explorer.shows(/"CaughtUp"/)
    await sendMessage(ada, conversationId, 'count to 40')
    await explorer.shows(/"ReplyTextAppended"[\s\S]*"offset":\s[1-9]\d,/)
    await screenshot(watched.page, 'explorer-reply-grows')
    await explorer.shows(/"ReplyTextAppended"[\s\S]*"offset":\s[1-9]\d\d,/)
    await explorer.shows(/"ReplyFinished"[\s\S]*38,\s39,\s40\./)
    await screenshot(watched.page, 'explorer-reply-ended')
    await explorer.stop()

    expect(watched.requested.map(({ protocol }) => protocol)).toContain('ws:')
    expectNobodyElseWasAsked(watched, graph)
    expect(watched.complaints).toEqual([])
  })
})

describe('the page of Apollo Sandbox', () => {
  it('says what to do where there is no internet', async () => {
    const graph = await graphWith('sandbox')
    const watched = await openPage(browser)
    await watched.page.route(/^https:/, (route) => route.abort())
    await watched.page.goto(`${graph.url}/graphql`)
    await watched.page.getByText('Without it, start with').waitFor()
    await screenshot(watched.page, 'sandbox-without-internet')
  })

  it('points the Sandbox of the internet at this graph and its sockets', async () => {
    const graph = await graphWith('sandbox')
    const { page, complaints } = await openPage(browser)
    await page.route(/^https:/, (route) =>
      route.fulfill({
        contentType: 'text/javascript',
        body: 'window.EmbeddedSandbox = class { constructor(options) { window.embedded = options } }',
      }),
    )
    await page.goto(`${graph.url}/graphql`)
    const options = await page.waitForFunction(() => (window as unknown as { embedded?: object }).embedded)
    expect(await options.jsonValue()).toMatchObject({
      target: '#sandbox',
      initialEndpoint: `${graph.url}/graphql`,
      initialSubscriptionEndpoint: `${graph.url.replace('http', 'ws')}/graphql`,
    })
    expect(complaints).toEqual([])
  })
})
