import { readFile } from 'node:fs/promises'
import { buildSchema } from 'graphql'
import { expect, it } from 'vitest'
import { apiReference } from './api-reference.ts'

const SCHEMA = buildSchema(`
  type Query {
    "Who asks."
    person("Of whom." id: ID!, "How many | at most." first: Int = 10): Person
  }
  "Somebody."
  type Person {
    "Their name."
    name: String!
    "Their friends."
    friends("How many." first: Int): [Person!]!
    "Their old name." nick: String @deprecated(reason: "Use name.")
    mood: Mood
  }
  "How somebody is."
  enum Mood {
    "Well."
    GOOD
  }
`)

it('gives every operation and every type a heading, and says what they are of', () => {
  const text = apiReference(SCHEMA)
  expect(text).toContain('### Query.person\n\nWho asks.\n\nReturns [`Person`](#person).')
  expect(text).toContain('| `first` | `Int` | How many \\| at most. |')
  expect(text).toContain(
    '| `friends` | [`[Person!]!`](#person) | Their friends. Arguments: `first: Int` (How many.). |',
  )
  expect(text).toContain('Their old name. **Deprecated:** Use name.')
  expect(text).toContain('### Mood\n\nHow somebody is.\n\n| Value | Meaning |\n| --- | --- |\n| `GOOD` | Well. |')
})

it('leads every link of the committed page to a heading of its own', async () => {
  const text = await readFile('docs/api.md', 'utf8')
  const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(' ', '-')
      .replace(/[^\w-]/g, ''),
  )
  expect(new Set(anchors).size).toBe(anchors.length)
  const links = new Set([...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor))
  expect(links.size).toBeGreaterThan(50)
  expect([...links].filter((link) => !anchors.includes(String(link)))).toEqual([])
})
