/** A metric that a query names, with the matchers beside it. */
export interface Selector {
  readonly metric: string
  readonly matchers: readonly Matcher[]
}

export interface Matcher {
  readonly label: string
  readonly operator: '=' | '!=' | '=~' | '!~'
  /** What is named; of a regular expression each of its alternatives. */
  readonly values: readonly string[]
}

/** Metrics of our processes have one of these beginnings; what else looks like a name is a function or a label. */
const SELECTOR = /\b((?:parley|nodejs|process)_\w+|up|ALERTS)\b(?:\{([^}]*)\})?/g
const MATCHER = /(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g

/** The metrics that a query reads. */
export function selectorsOf(expr: string): Selector[] {
  return [...withoutGroupings(expr).matchAll(SELECTOR)].map(([, metric = '', matchers = '']) => ({
    metric,
    matchers: [...matchers.matchAll(MATCHER)].map(([, label = '', operator = '', value = '']) => ({
      label,
      operator: operator as Matcher['operator'],
      values: operator.endsWith('~') ? value.split('|') : [value],
    })),
  }))
}

/** The labels by which a query breaks something down. */
export function groupingsOf(expr: string): string[] {
  return [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(/,\s*/).filter(Boolean))
}

/** The labels that a legend such as `{{job}} {{code}}` writes. */
export function labelsOfLegend(legend: string): string[] {
  return [...legend.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, label = '']) => label)
}

/** What Grafana puts in for the variables of a query, when all is chosen. */
export function withVariables(expr: string): string {
  return expr
    .replaceAll('$job', 'gateway|auth|chat|worker')
    .replaceAll('$instance', '.+')
    .replaceAll('$__rate_interval', '5m')
    .replaceAll('$__range', '5m')
}

function withoutGroupings(expr: string): string {
  return expr.replaceAll(/\bby \([^)]*\)/g, '')
}
