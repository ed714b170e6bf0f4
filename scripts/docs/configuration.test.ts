import { expect, it } from 'vitest'
import { z } from 'zod'
import { integer, list } from '../../platform/environment.ts'
import { configurationPage } from './configuration.ts'

const LEVEL = z.enum(['low', 'high']).default('low').describe('How loud.')
const PORT = integer(4000, { max: 65_535 }).describe('Where it listens | and how.')

it('tells of each variable once, under those who read it, with its default and what is allowed', () => {
  const text = configurationPage([
    { name: 'gateway', variables: { LEVEL, PORT, NAMES: list().default(['a', 'b']).describe('Who.') } },
    {
      name: 'auth',
      variables: { LEVEL, KEY: z.string().describe('The key.'), SHARED: z.string().optional().describe('For two.') },
    },
    { name: 'chat', variables: { LEVEL, SHARED: z.string().optional().describe('For two.') } },
  ])
  expect(text).toContain('## Every process\n\n| Variable | Meaning | Default | Allowed |')
  expect(text.match(/`LEVEL`/g)).toHaveLength(1)
  expect(text).toContain('| `LEVEL` | How loud. | `low` | `low`, `high` |')
  expect(text).toContain('| `PORT` | Where it listens \\| and how. | `4000` | a whole number from 0 to 65535 |')
  expect(text).toContain('| `NAMES` | Who. | `a,b` |  |')
  expect(text).toContain('| `KEY` | The key. | required |  |')
  expect(text).toContain('| `SHARED` | For two. |  |  | auth, chat |')
})

it('refuses a variable that says nothing of itself', () => {
  expect(() => configurationPage([{ name: 'gateway', variables: { MUTE: z.string() } }])).toThrow('MUTE')
})
