import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { compileFunction } from 'node:vm'
import type { executeQueryPlan } from '@apollo/gateway'

export type ExecuteQueryPlan = typeof executeQueryPlan

/** What stands in the file, once, and what should. */
type Repair = readonly [wrong: string, right: string]

/** The index of an error's entity counts those that were asked for; the stock takes it for one among all of the list. */
const INDEX_OF_ERRORS: readonly Repair[] = [
  ['makeLazyErrorPathGenerator(fetch, currentCursor)', 'makeLazyErrorPathGenerator(fetch, currentCursor, positions)'],
  ['async function sendOperation(variables)', 'async function sendOperation(variables, positions)'],
  [
    'sendOperation({ ...variables, representations })',
    '(generateHydratedPaths([], currentCursor.path, currentCursor.fullResult, (representationToEntity.paths = [])), sendOperation({ ...variables, representations }, representationToEntity))',
  ],
  [
    'function makeLazyErrorPathGenerator(fetch, cursor)',
    'function makeLazyErrorPathGenerator(fetch, cursor, positions)',
  ],
  // It looks for the entities after the answer, when another fetch may have added some before them.
  ['let hydratedPaths;', 'let hydratedPaths = positions && positions.paths;'],
  // A list where the schema has an object is taken apart for the entities, and so it must be for their paths.
  [
    'result.push(parent.slice());',
    'for (const it of Array.isArray(data) ? data : [data]) if (it != null) result.push(parent.slice());',
  ],
  ['hydratedPaths[errorPath[1]]', 'hydratedPaths[positions[errorPath[1]]]'],
]

/** A value where the schema has an object or a list makes the stock throw in the middle of merging, or altogether. */
const VALUES_FOR_OBJECTS: readonly Repair[] = [
  [
    'const receivedEntity = receivedEntities[i];',
    "const receivedEntity = typeof receivedEntities[i] === 'object' ? receivedEntities[i] : null;",
  ],
  ['return value.flatMap(', 'return !Array.isArray(value) ? undefined : value.flatMap('],
  [
    '(0, federation_internals_1.assert)(!Array.isArray(value), () =>',
    'if (Array.isArray(value)) return undefined; (() =>',
  ],
  [
    "(0, federation_internals_1.assert)(Array.isArray(data), 'expected array when",
    "if (!Array.isArray(data)) return; void ('",
  ],
]

/** Of lists in lists, the stock sends null to a subgraph that requires them; of a value in place of an object, an object. */
const REQUIRED_LISTS: Repair = [
  'if (source === null) {\n        return null;',
  'if (Array.isArray(source)) return source.map((it) => executeSelectionSet(schema, it, selections));\n    if (source === null || typeof source !== "object") {\n        return null;',
]

/** What only knows an entity as an object of its interface overwrites its type, and its own fields are lost to the client. */
const TYPE_OF_INTERFACE_OBJECT: Repair = [
  '(0, deepMerge_1.deepMerge)(entities[representationToEntity[i]], receivedEntity);',
  `if (receivedEntity && existingEntity.__typename && (0, graphql_1.isInterfaceType)(context.supergraphSchema.getType(receivedEntity.__typename)))
      receivedEntity.__typename = existingEntity.__typename;
  (0, deepMerge_1.deepMerge)(entities[representationToEntity[i]], receivedEntity);`,
]

const REPAIRS: Readonly<Record<string, readonly Repair[]>> = {
  './executeQueryPlan': [...INDEX_OF_ERRORS, ...VALUES_FOR_OBJECTS, REQUIRED_LISTS, TYPE_OF_INTERFACE_OBJECT],
  './resultShaping': [
    // Within a fragment on an interface, an object of a declared object type is taken for any object of the interface.
    [
      'parentType: (_d = fragment.typeCondition)',
      'parentType: (0, federation_internals_1.isObjectType)(parentType) ? parentType : (_d = fragment.typeCondition)',
    ],
  ],
  // What the planner asked for under another name is lost when it is 0, false or "".
  './dataRewrites': [['if (objAtPath) {', 'if (objAtPath !== undefined) {']],
  './utilities/deepMerge': [
    [
      'if (target[key] && (0, predicates_1.isObject)(source[key]))',
      'if ((0, predicates_1.isObject)(target[key]) && (0, predicates_1.isObject)(source[key]))',
    ],
    // Lists in lists are replaced instead of merged.
    [
      'else {\n                    target[key][i] = source[key][i];',
      'else if (Array.isArray(target[key][i]) && Array.isArray(source[key][i])) { const both = { list: target[key][i] }; deepMerge(both, { list: source[key][i] }); target[key][i] = both.list;\n                }\n                else {\n                    target[key][i] = source[key][i];',
    ],
  ],
}

const FOLDER = dirname(createRequire(import.meta.url).resolve('@apollo/gateway/dist/executeQueryPlan.js'))

/**
 * The stock executor without those of its known faults that no comparison could look past.
 *
 * @throws Error when the stock executor is not the one that the repairs are for.
 */
export function repairedExecuteQueryPlan(): ExecuteQueryPlan {
  const { executeQueryPlan } = new RepairedModules().load('./executeQueryPlan') as {
    executeQueryPlan: ExecuteQueryPlan
  }
  return executeQueryPlan
}

/** Modules of the stock gateway; those that are to be repaired are compiled anew, the others are the published ones. */
class RepairedModules {
  readonly #loaded = new Map<string, unknown>()

  load(name: string): unknown {
    const path = join(FOLDER, `${name}.js`)
    const known = this.#loaded.get(path)
    if (known) return known
    const exports = {}
    this.#loaded.set(path, exports)
    const requirePublished = createRequire(path)
    const requireRepaired = (request: string) => {
      const inFolder = request.startsWith('.') && `./${join(dirname(name), request)}`
      return inFolder && inFolder in REPAIRS ? this.load(inFolder) : requirePublished(request)
    }
    compileFunction(repairedSource(path, REPAIRS[name] ?? []), ['exports', 'require'], { filename: path })(
      exports,
      requireRepaired,
    )
    return exports
  }
}

function repairedSource(path: string, repairs: readonly Repair[]): string {
  return repairs.reduce(
    (source, [wrong, right]) => {
      if (source.split(wrong).length !== 2) throw new Error(`Not found once in ${path}: ${wrong}`)
      return source.replace(wrong, () => right)
    },
    readFileSync(path, 'utf8'),
  )
}
