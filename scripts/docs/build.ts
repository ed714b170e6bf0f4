/**
 * Writes the pages of docs/ that are made of code.
 *
 *   npm run docs              writes them
 *   npm run docs -- --check   writes nothing; fails when a committed page is not what would be written
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Supergraph } from '@apollo/federation-internals'
import { gatewayVariables } from '../../gateway/config.ts'
import { localVariables } from '../../local/config.ts'
import { demoModelVariables } from '../../local/demo-model/config.ts'
import { findDrift, writeFiles } from '../../schema/generated-files.ts'
import { authVariables } from '../../subgraphs/auth/config.ts'
import { chatVariables } from '../../subgraphs/chat/config.ts'
import { apiReference } from './api-reference.ts'
import { configurationPage } from './configuration.ts'

const root = join(import.meta.dirname, '../..')
const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } })

const supergraph = Supergraph.build(await readFile(join(root, 'schema/supergraph.graphql'), 'utf8'))
const readers = [
  { name: 'gateway', variables: gatewayVariables },
  { name: 'auth', variables: authVariables },
  { name: 'chat and worker', variables: chatVariables },
  { name: '`npm start` and commands', variables: localVariables },
  { name: 'demo model', variables: demoModelVariables },
]
const pages = [
  { path: 'docs/configuration.md', content: configurationPage(readers) },
  { path: 'docs/api.md', content: apiReference(supergraph.apiSchema().toGraphQLJSSchema({ includeDefer: false })) },
]

if (options.check) {
  const stale = await findDrift(pages, 'the code', 'npm run docs')
  for (const complaint of stale) console.error(complaint)
  process.exitCode = stale.length === 0 ? 0 : 1
} else {
  await writeFiles(pages)
}
