import { readFileSync } from 'node:fs'

/** A fenced block of code, and the last line of prose above it. */
export interface CodeBlock {
  readonly language: string
  readonly code: string
  readonly introduction: string
}

/** An operation to run, with what the text promises of it. */
export interface Step {
  readonly heading: string
  readonly document: string
  readonly variables: Json | undefined
  readonly answer: Json
  /** What comes meanwhile on the subscription that was opened before; undefined when nothing is said of it. */
  readonly meanwhile: readonly Json[] | undefined
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

const BLOCK = /^```(\w*)\n([\s\S]*?)\n?^```$/gm

export const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

/** The text below a heading, down to the next of the same rank. */
export function sectionOf(markdown: string, heading: string): string {
  const [rank] = heading.split(' ')
  const start = markdown.indexOf(`\n${heading}\n`)
  if (start < 0) throw new Error(`There is no heading "${heading}".`)
  const end = markdown.indexOf(`\n${rank} `, start + heading.length + 1)
  return markdown.slice(start + 1, end < 0 ? undefined : end)
}

/** The fenced blocks, in order. */
export function codeBlocksOf(markdown: string): CodeBlock[] {
  let end = 0
  return [...markdown.matchAll(BLOCK)].map(({ 0: block, 1: language = '', 2: code = '', index }) => {
    const introduction = markdown.slice(end, index).trim().split('\n\n').at(-1) ?? ''
    end = index + block.length
    return { language, code, introduction: introduction.replaceAll('\n', ' ') }
  })
}

/**
 * Reads a tour: each block of GraphQL is a step; the blocks of JSON after it are its variables, its answer, and what
 * comes meanwhile.
 *
 * @throws Error about a block that is none of these, and about a step that promises no answer.
 */
export function stepsOf(tour: string): Step[] {
  return tour
    .split(/^(?=### )/m)
    .slice(1)
    .flatMap((section) => {
      const heading = section.split('\n')[0]?.replace('### ', '') ?? ''
      return operationsOf(codeBlocksOf(section), heading).map((blocks) => stepFrom(blocks, heading))
    })
}

/** The blocks of one section, cut in front of each operation. */
function operationsOf(blocks: readonly CodeBlock[], heading: string): CodeBlock[][] {
  const starts = blocks.flatMap(({ language }, index) => (language === 'graphql' ? [index] : []))
  if (starts[0] !== 0) throw new Error(`"${heading}" does not begin with an operation.`)
  return starts.map((start, index) => blocks.slice(start, starts[index + 1]))
}

function stepFrom([operation, ...rest]: readonly CodeBlock[], heading: string): Step {
  const found = new Map<string, Json>()
  for (const block of rest) {
    const role = roleOf(block)
    if (found.has(role)) throw new Error(`"${heading}" has two blocks for its ${role}.`)
    found.set(role, JSON.parse(block.code))
  }
  const [answer, meanwhile] = [found.get('answer'), found.get('meanwhile')]
  if (operation === undefined || answer === undefined) throw new Error(`"${heading}" promises no answer.`)
  if (meanwhile !== undefined && !Array.isArray(meanwhile)) throw new Error(`"${heading}" needs an array of events.`)
  return { heading, document: operation.code, variables: found.get('variables'), answer, meanwhile }
}

function roleOf({ language, introduction }: CodeBlock): 'variables' | 'answer' | 'meanwhile' {
  if (language === 'json' && /^Variables:$/.test(introduction)) return 'variables'
  if (language === 'json' && /^Answer\b.*:$/.test(introduction)) return 'answer'
  if (language === 'json' && /^Meanwhile\b/.test(introduction)) return 'meanwhile'
  throw new Error(`What is this block of ${language || 'nothing'} after "${introduction}"?`)
}
