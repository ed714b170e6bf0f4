import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LoadedSupergraph, loadSupergraph } from '../supergraph/supergraph.ts'
import { compose, ToySubgraph } from './toy-subgraph.ts'

/** What makes `@viewerIndependent` known to a subgraph and to what is composed of it. */
export const DELIVERY = `
  extend schema
    @link(url: "https://parley.example/delivery/v1.0", import: ["@viewerIndependent"])
    @federation__composeDirective(name: "@viewerIndependent")
  directive @viewerIndependent on FIELD_DEFINITION | OBJECT
`

/** Two subgraphs: notes that are streamed, and people, of whom some things are the same for every viewer. */
export class NotesGraph {
  readonly notes = new ToySubgraph('notes', NOTES, {})
  readonly people: ToySubgraph
  /** How often the field that differs by viewer was asked for. */
  #secrets = 0

  constructor() {
    this.people = new ToySubgraph('people', PEOPLE, {
      Person: {
        __resolveReference: ({ id }: { id: string }) => ({ id }),
        name: ({ id }: { id: string }, { loud }: { loud: boolean | null }) => `Name of ${id}${loud ? '!' : ''}`,
        secret: () => {
          this.#secrets += 1
          return `Secret ${this.#secrets}`
        },
      },
    })
  }

  async start(): Promise<this> {
    await Promise.all([this.notes.start(), this.people.start()])
    return this
  }

  async stop(): Promise<void> {
    await Promise.all([this.notes.stop(), this.people.stop()])
  }

  async load(): Promise<LoadedSupergraph> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-notes-'))
    try {
      const path = join(folder, 'supergraph.graphql')
      await writeFile(path, compose([this.notes, this.people]))
      return await loadSupergraph(path, {})
    } finally {
      await rm(folder, { recursive: true })
    }
  }
}

const NOTES = `
  type Query { note: Note }
  type Subscription { noteAdded(after: Int): Note! }
  type Note { id: ID! body: String author: Person }
  type Person @key(fields: "id", resolvable: false) { id: ID! }
`

const PEOPLE = `
  ${DELIVERY}
  type Query { person: Person }
  type Person @key(fields: "id") {
    id: ID!
    name(loud: Boolean = false): String @viewerIndependent
    secret: String
  }
`
