import type { ExplorerKind } from '../config.ts'
import { GRAPHQL_PATH } from './graphql-path.ts'

/** The HTML of a page to explore the graph with. */
export type ExplorerPage = () => Promise<string>

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
export function explorerPage(kind: ExplorerKind): ExplorerPage | undefined {
  const pages = { sandbox: async () => SANDBOX, offline: onceRendered(renderOffline), off: undefined }
  return pages[kind]
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

async function renderOffline(): Promise<string> {
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
  return page
    .replace(JSON.stringify(CONNECTION_PARAMS), () => '() => window.headersPane()')
    .replace('<head>', () => `<head>${SOCKET_SCRIPT}`)
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

function onceRendered(render: ExplorerPage): ExplorerPage {
  let page: Promise<string> | undefined
  return () => {
    page ??= render()
    return page
  }
}
