import { hash } from 'node:crypto'
import type { ExplorerKind } from '../config.ts'
import { GRAPHQL_PATH } from './graphql-path.ts'

/** A page to explore the graph with. */
export interface ExplorerPage {
  readonly html: string
  /** What the page may load and talk to, as directives of a Content-Security-Policy. */
  readonly policy: Readonly<Record<string, readonly string[]>>
}

const WELCOME = `# Welcome. Run this with the play button.
#
# Signed in? Put your token into the headers,
# for subscriptions as well:
#   { "Authorization": "Bearer <access token>" }

query Welcome {
  __typename
}
`

/** The page of the kind that the configuration asks for; undefined for none. */
export function explorerPage(kind: ExplorerKind): (() => Promise<ExplorerPage>) | undefined {
  const pages = { sandbox: once(renderSandbox), offline: once(renderOffline), off: undefined }
  return pages[kind]
}

/** Of any explorer: its own scripts and no others, its own gateway, and nobody's frame, for it runs with its reader's token. */
function policyOf(html: string): Record<string, string[]> {
  const scripts = [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(([, script = '']) => script)
  return {
    'default-src': ["'none'"],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'frame-ancestors': ["'none'"],
    'script-src': scripts.map((script) => `'sha256-${hash('sha256', script, 'base64')}'`),
    'style-src': ["'unsafe-inline'"],
    'img-src': ["'self'", 'data:'],
    'font-src': ['data:'],
    'connect-src': ["'self'"],
  }
}

async function renderSandbox(): Promise<ExplorerPage> {
  const policy = policyOf(SANDBOX)
  const apollo = 'https://*.apollographql.com'
  return {
    html: SANDBOX,
    policy: {
      ...policy,
      'script-src': [...(policy['script-src'] ?? []), 'https://embeddable-sandbox.cdn.apollographql.com'],
      'frame-src': ['https://sandbox.embed.apollographql.com'],
      'img-src': ["'self'", 'data:', apollo],
      'connect-src': ["'self'", apollo],
    },
  }
}

const SANDBOX = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Apollo Sandbox</title>
    <style>
      body { margin: 3rem; font: 1.1rem/1.5 system-ui, sans-serif; color: #333 }
      #sandbox { position: absolute; inset: 0 }
    </style>
  </head>
  <body>
    <p>
      Apollo Sandbox loads from the internet. Without it, start with <code>EXPLORER=offline</code> for an explorer that
      comes along.
    </p>
    <div id="sandbox"></div>
    <script src="https://embeddable-sandbox.cdn.apollographql.com/_latest/embeddable-sandbox.umd.production.min.js"></script>
    <script>
      const endpoint = new URL('${GRAPHQL_PATH}', location.href)
      if (window.EmbeddedSandbox) {
        new window.EmbeddedSandbox({
          target: '#sandbox',
          initialEndpoint: endpoint.href,
          initialSubscriptionEndpoint: endpoint.href.replace(/^http/, 'ws'),
          endpointIsEditable: false,
          initialState: { document: ${JSON.stringify(WELCOME)}, includeCookies: false, pollForSchemaUpdates: false },
        })
      }
    </script>
  </body>
</html>
`

/** Stands in the options for a function, which JSON cannot hold. */
const CONNECTION_PARAMS = '%connection-params%'

async function renderOffline(): Promise<ExplorerPage> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const options = {
    title: 'GraphiQL',
    endpoint: GRAPHQL_PATH,
    subscriptionsProtocol: 'WS',
    query: WELCOME,
    connectionParams: CONNECTION_PARAMS,
  } as const
  const page = renderGraphiQL(options)
  // GraphiQL sends what its headers pane holds with HTTP requests alone; this sends it on sockets as well.
  const html = page
    .replace(JSON.stringify(CONNECTION_PARAMS), () => '() => window.headersPane()')
    .replace('<head>', () => `<head>${SOCKET_SCRIPT}`)
  // Its editor works in threads that it writes itself.
  return { html, policy: { ...policyOf(html), 'worker-src': ['blob:'] } }
}

/**
 * What is typed into this window's headers pane passes through its storage, which other windows share: so the last text
 * of this window's own is kept. And GraphiQL waits for ever on a socket that was refused, so the page says why.
 */
const SOCKET_SCRIPT = `<script>
  const setItem = Storage.prototype.setItem
  let typed
  Storage.prototype.setItem = function (key, value) {
    if (key === 'graphiql:headers') typed = value
    return setItem.call(this, key, value)
  }
  window.headersPane = () => JSON.parse(typed ?? localStorage.getItem('graphiql:headers') ?? '{}')
  window.WebSocket = class extends WebSocket {
    constructor(...parameters) {
      super(...parameters)
      this.addEventListener('close', ({ code }) => {
        if (code === 4403) alert('The server refused the token in the headers pane: it is wrong or has expired. Sign in again.')
      })
    }
  }
</script>
`

function once(render: () => Promise<ExplorerPage>): () => Promise<ExplorerPage> {
  let page: Promise<ExplorerPage> | undefined
  return () => {
    page ??= render()
    return page
  }
}
