/** Fails on what must not stay in finished code: the type `any`, and notes to oneself. */
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { listSourceFiles } from './source-files.ts'

const NOTE_TO_ONESELF = /\b(?:TO[ ]?DO|FIX[ ]?ME)\b/g

function findAnyTypes(file: ts.SourceFile): number[] {
  const positions: number[] = []
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) positions.push(node.getStart(file))
    ts.forEachChild(node, visit)
  }
  visit(file)
  return positions
}

function findLooseEnds(path: string): string[] {
  const text = readFileSync(path, 'utf8')
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest)
  const at = (position: number) => `${path}:${file.getLineAndCharacterOfPosition(position).line + 1}`
  return [
    ...findAnyTypes(file).map((position) => `${at(position)}: the type "any"; name the type, or use unknown`),
    ...[...text.matchAll(NOTE_TO_ONESELF)].map((note) => `${at(note.index)}: ${note[0]}; finish it, or write an issue`),
  ]
}

const looseEnds = listSourceFiles().flatMap(findLooseEnds)
for (const looseEnd of looseEnds) console.error(looseEnd)
console.log(`${looseEnds.length} loose ends`)
process.exitCode = looseEnds.length === 0 ? 0 : 1
