import { relative } from 'node:path'
import type { LocalConfig } from './config.ts'
import type { LocalGraph } from './graph.ts'

/** What the console says once the graph runs: where things are, and three things to try. */
export function welcome(graph: LocalGraph, config: LocalConfig): string {
  const endpoint = `${graph.url}/graphql`
  const folder = relative(process.cwd(), config.dataDirectory) || '.'
  const database = config.databaseUrl === undefined ? `embedded PostgreSQL 18, its data in ${folder}` : 'DATABASE_URL'
  const { models, runsWorker } = config.chat.assistant
  const [{ id: model }] = models
  const real = runsWorker ? model : `${model}; AI_WORKER=separate: nobody answers without \`npm run worker\``
  const answers = config.usesDemoModel
    ? `${model}: canned answers, NOT a language model; OPENAI_API_KEY or OPENAI_BASE_URL brings a real one`
    : real
  const { smtpUrl, showsOutbox } = config.auth.mail
  const unsent = showsOutbox ? `not sent; read it at ${graph.authUrl}/outbox` : 'not sent; SMTP_URL brings a server'
  const mail = smtpUrl === undefined ? unsent : 'SMTP_URL'
  return `
  Parley is running.

  Graph      ${endpoint}
  Sockets    ${endpoint.replace('http', 'ws')}  (graphql-transport-ws)
  Database   ${database}
  Assistant  ${answers}
  Mail       ${mail}

  Three things to try
  1. Open ${endpoint} in a browser and take the README's tour: sign up, ask, watch the tokens arrive.
     Without internet start with EXPLORER=offline.
  2. Subscribe in two windows and reload one in the middle of a reply: the text goes on where it was.
  3. kill -9 ${process.pid} in the middle of a reply and start again: nothing that was acknowledged is missing.

  Ctrl+C stops everything.
`
}
