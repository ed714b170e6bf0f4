/**
 * Who may import whom. The same rules in words: ARCHITECTURE.md.
 *
 * Rules speak of paths from the project's root; `$1` in `to` is what the first parentheses of `from` matched.
 * Types count as imports: a boundary that only types cross is crossed.
 */
const TEST = '[.]test[.]ts$'
/** Helpers of tests: the whole graph's in tests/, a folder's own in its testing/. */
const TEST_HELPERS = ['^tests/', '/testing/']
const TESTS = [...TEST_HELPERS, TEST, '^vitest[.]config[.]ts$']
/** Pages and dashboards are made of what they are about, and written as the schema's files are. */
const GENERATORS = '^(scripts/docs|observability/dashboards)/'
const COMPOSITION_ROOTS = ['^gateway/gateway[.]ts$', '^subgraphs/[^/]+/subgraph[.]ts$']

/** Files that are run, or read by a tool, and therefore imported by nobody. */
const ENTRY_POINTS = [
  '(^|/)main[.]ts$',
  '^schema/build[.]ts$',
  '^scripts/',
  '^[.]ci/',
  '^tests/global-setup[.]ts$',
  '[.]config[.]ts$',
  '^[.]dependency-cruiser[.]cjs$',
  TEST,
]

const betweenProcesses = [
  {
    name: 'platform-knows-no-domain',
    comment: 'platform serves every process and may import only itself and packages.',
    from: { path: '^platform/' },
    to: { path: '^(gateway|subgraphs|schema|local|scripts)/' },
  },
  {
    name: 'schema-imports-nothing-of-ours',
    comment: 'The schema is the contract; code follows it, never the other way.',
    from: { path: '^schema/' },
    to: { path: '^(gateway|subgraphs|platform|local|scripts)/' },
  },
  {
    name: 'schema-is-for-gateway-and-subgraphs',
    comment: 'Only the processes that serve the schema may import from its folder.',
    from: { pathNot: ['^(schema|gateway|subgraphs)/', GENERATORS, ...TESTS] },
    to: { path: '^schema/' },
  },
  {
    name: 'gateway-knows-no-subgraph',
    comment: 'The gateway serves any supergraph; it learns of subgraphs from the supergraph only.',
    from: { path: '^gateway/' },
    to: { path: '^subgraphs/' },
  },
  {
    name: 'subgraphs-know-no-gateway',
    comment: 'A subgraph answers whoever asks by the rules; it imports nothing of the gateway.',
    from: { path: '^subgraphs/' },
    to: { path: '^gateway/' },
  },
  {
    name: 'subgraphs-know-no-other-subgraph',
    comment: 'What a subgraph must know of another it asks over HTTP.',
    from: { path: '^subgraphs/([^/]+)/' },
    to: { path: '^subgraphs/', pathNot: '^subgraphs/$1/' },
  },
  {
    name: 'composition-roots-are-for-starting',
    comment: 'Only a main.ts, local and tests put a whole process together.',
    from: { pathNot: ['^local/', '(^|/)main[.]ts$', ...TESTS] },
    to: { path: COMPOSITION_ROOTS },
  },
  {
    name: 'main-starts-its-own-process',
    comment: 'A main.ts starts the process whose folder it lies in; all of them together are local/main.ts.',
    from: { path: '^(gateway|subgraphs/[^/]+)/main[.]ts$' },
    to: { path: COMPOSITION_ROOTS, pathNot: '^$1/' },
  },
  {
    name: 'main-is-not-imported',
    comment: 'Importing a main.ts would start a process.',
    from: {},
    to: { path: '(^|/)main[.]ts$', pathNot: 'node_modules' },
  },
  {
    name: 'local-is-for-local-and-tests',
    comment: 'The graph in one process is a convenience; no process may depend on it.',
    from: { pathNot: ['^local/', GENERATORS, ...TESTS] },
    to: { path: '^local/' },
  },
  {
    name: 'nobody-imports-tests',
    comment: 'Code must run without its tests and their helpers.',
    from: { pathNot: TESTS },
    to: { path: TEST_HELPERS, pathNot: 'node_modules' },
  },
  {
    name: 'nobody-imports-a-test-file',
    comment: 'What two tests share belongs into a file of its own.',
    from: {},
    to: { path: TEST, pathNot: 'node_modules' },
  },
]

const withinFeatures = [
  {
    name: 'below-resolvers-no-graphql',
    comment: 'Services, entities and loaders know the domain and the database, not GraphQL.',
    from: { path: '^subgraphs/.+[.](service|entity|loader)[.]ts$' },
    to: { path: ['(^|/|[.])resolvers([.]generated)?[.]ts$', '(^|/)node_modules/(@types/)?graphql/'] },
  },
  {
    name: 'resolvers-ask-services',
    comment: 'A resolver turns arguments into a call of a service or a loader. Of entities it may name the types only.',
    from: { path: '^subgraphs/.+[.]resolvers[.]ts$' },
    to: { path: '[.]entity[.]ts$', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'loaders-read-entities',
    comment: 'A loader batches reads of entities; rules live in services, which may use loaders.',
    from: { path: '^subgraphs/.+[.]loader[.]ts$' },
    to: { path: '[.]service[.]ts$' },
  },
  {
    name: 'entities-know-no-user-of-theirs',
    comment: 'An entity is data and its invariants.',
    from: { path: '^subgraphs/.+[.]entity[.]ts$' },
    to: { path: '[.](service|loader)[.]ts$' },
  },
]

const betweenChatFeatures = [
  {
    name: 'conversation-knows-no-other-feature',
    comment: 'all others → message → conversation → event-log',
    from: { path: '^subgraphs/chat/conversation/', pathNot: TESTS },
    to: { path: '^subgraphs/chat/[^/]+/', pathNot: '^subgraphs/chat/(conversation|event-log)/' },
  },
  {
    name: 'message-knows-conversations-alone',
    comment: 'all others → message → conversation → event-log',
    from: { path: '^subgraphs/chat/message/', pathNot: TESTS },
    to: { path: '^subgraphs/chat/[^/]+/', pathNot: '^subgraphs/chat/(message|conversation|event-log)/' },
  },
  {
    name: 'the-assistant-is-for-streams-alone',
    comment:
      'Whoever follows a conversation hears its replies grow, and the worker role writes them; no other feature knows that there is an assistant.',
    from: { path: '^subgraphs/chat/[^/]+/', pathNot: ['^subgraphs/chat/(assistant|live|worker)/', ...TESTS] },
    to: { path: '^subgraphs/chat/assistant/' },
  },
  {
    name: 'event-log-knows-no-feature',
    comment: 'Every feature writes to the log; the log knows none of them.',
    from: { path: '^subgraphs/chat/event-log/', pathNot: TESTS },
    to: { path: '^subgraphs/chat/[^/]+/', pathNot: '^subgraphs/chat/(event-log|migrations)/' },
  },
]

const everywhere = [
  {
    name: 'no-cycles',
    comment: 'Two files that need each other are one file, or miss a third.',
    from: {},
    to: { circular: true },
  },
  {
    name: 'no-orphans',
    comment: 'Nobody imports this file and nothing runs it.',
    from: { orphan: true, pathNot: ENTRY_POINTS },
    to: {},
  },
  {
    name: 'no-unresolvable',
    comment: 'The import leads nowhere.',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'no-undeclared-package',
    comment: 'A package that is imported is in package.json.',
    from: {},
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'no-deprecated-package',
    comment: 'Its authors advise against it; package.json says what they recommend.',
    from: {},
    to: { dependencyTypes: ['deprecated'] },
  },
  {
    name: 'no-deprecated-node-module',
    comment: 'Node documents this module as deprecated.',
    from: {},
    to: { dependencyTypes: ['core'], path: '^(node:)?(punycode|domain|constants|sys|_.+)$' },
  },
  {
    name: 'no-development-dependency-at-run-time',
    comment: 'An image for production installs no devDependencies.',
    from: { path: '^(gateway|subgraphs|platform|local)/', pathNot: TESTS },
    to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '(^|/)node_modules/@types/' },
  },
]

module.exports = {
  forbidden: [...betweenProcesses, ...withinFeatures, ...betweenChatFeatures, ...everywhere].map((rule) => ({
    ...rule,
    severity: 'error',
  })),
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(bench|coverage|test-results|[.]parley|[.]cache)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
}
