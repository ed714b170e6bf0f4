import { describe, expect, it } from 'vitest'
import { testTool } from './testing/tool-bench.ts'
import { createTools } from './tools.ts'

describe('the tools of a process', () => {
  it('are described to models by name, words and a schema of their arguments', () => {
    const tools = createTools([testTool('echo', (text) => text)])
    expect(tools.definitions.map(({ name }) => name)).toEqual(['search_messages', 'echo'])
    expect(tools.definitions[0]).toEqual({
      name: 'search_messages',
      description: expect.stringContaining('Searches the messages'),
      parameters: {
        type: 'object',
        properties: { query: { type: 'string', description: expect.any(String), minLength: 1, maxLength: 200 } },
        required: ['query'],
      },
    })
  })

  it.each(['', 'two words', 'naïve', 'x'.repeat(65)])('have names that models take, and not %j', (name) => {
    expect(() => createTools([testTool(name, (text) => text)])).toThrow(RangeError)
  })

  it('have names of their own', () => {
    expect(() => createTools([testTool('search_messages', (text) => text)])).toThrow(RangeError)
  })
})
