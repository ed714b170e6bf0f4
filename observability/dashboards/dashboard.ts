import { DATA_SOURCE, panelsOf, type Row } from './panel.ts'

/** One page of panels. */
export interface Dashboard {
  /** Also its file's name, and with `parley-` before it its uid. */
  readonly name: string
  readonly title: string
  readonly description: string
  readonly rows: readonly Row[]
}

/** The classic model, version 39, which Grafana 11 reads as it is and later ones migrate. */
const SCHEMA_VERSION = 39
const ROLES = 'gateway|auth|chat|worker'

/** A dashboard as Grafana's JSON, in the form that the committed file has. */
export function dashboardJson({ name, title, description, rows }: Dashboard): string {
  return formatted({
    uid: `parley-${name}`,
    title,
    description,
    tags: ['parley'],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: 1,
    timezone: 'browser',
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    links: [
      {
        type: 'dashboards',
        title: 'Parley',
        tooltip: 'The other dashboards, for the same time and processes',
        icon: 'dashboard',
        tags: ['parley'],
        asDropdown: false,
        includeVars: true,
        keepTime: true,
        targetBlank: false,
      },
    ],
    annotations: { list: [firingAlerts()] },
    templating: { list: [dataSourceVariable(), ...variables()] },
    panels: panelsOf(rows),
  })
}

function firingAlerts(): object {
  return {
    name: 'Firing alerts',
    enable: true,
    hide: false,
    iconColor: 'red',
    datasource: DATA_SOURCE,
    expr: 'max by (alertname, severity) (ALERTS{alertname=~"Parley.*",alertstate="firing"})',
    titleFormat: '{{alertname}}',
    tagKeys: 'severity',
    step: '60s',
  }
}

function dataSourceVariable(): object {
  return {
    name: 'datasource',
    label: 'Data source',
    type: 'datasource',
    query: 'prometheus',
    current: { text: 'Prometheus', value: 'prometheus' },
    hide: 0,
  }
}

function variables(): object[] {
  return [
    { name: 'job', label: 'Role', query: `label_values(up{job=~"${ROLES}"}, job)` },
    { name: 'instance', label: 'Instance', query: 'label_values(up{job=~"$job"}, instance)' },
  ].map(({ query, ...named }) => ({
    ...named,
    type: 'query',
    datasource: DATA_SOURCE,
    definition: query,
    query: { query, refId: 'variable' },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: named.name === 'job' ? ROLES : '.+',
    current: { text: ['All'], value: ['$__all'] },
    hide: 0,
  }))
}

/** As the formatter of the repository writes JSON: short lists of words and numbers on one line. */
function formatted(value: object): string {
  const indented = JSON.stringify(value, null, 2)
  const onOneLine = (list: string) =>
    list
      .replaceAll(/\s*\n\s*/g, ' ')
      .replace('[ ', '[')
      .replace(' ]', ']')
  return `${indented.replaceAll(/\[\n(?:\s*(?:"(?:[^"\\\n]|\\.)*"|[\d.]+),?\n)+\s*\]/g, onOneLine)}\n`
}
