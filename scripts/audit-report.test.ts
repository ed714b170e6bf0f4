import { expect, it } from 'vitest'
import { isGrave, readAudit } from './audit-report.ts'

/** As npm 11 prints it, shortened. */
const REPORT = JSON.stringify({
  auditReportVersion: 2,
  vulnerabilities: {
    'tough-cookie': {
      name: 'tough-cookie',
      severity: 'moderate',
      isDirect: false,
      via: [
        { source: 1097682, name: 'tough-cookie', title: 'Prototype pollution', severity: 'moderate', range: '<4.1.3' },
      ],
      effects: ['request'],
      range: '<4.1.3',
      nodes: ['node_modules/tough-cookie'],
      fixAvailable: false,
    },
    request: {
      name: 'request',
      severity: 'critical',
      isDirect: true,
      via: ['form-data', { source: 1096727, name: 'request', title: 'Server-side request forgery', range: '<=2.88.2' }],
      effects: [],
      range: '*',
      nodes: ['node_modules/request'],
      fixAvailable: false,
    },
  },
  metadata: { vulnerabilities: { info: 0, low: 0, moderate: 1, high: 0, critical: 1, total: 2 } },
})

it('tells the gravest first, with what is wrong or by whom it comes', () => {
  expect(readAudit(REPORT)).toEqual({
    found: [
      {
        name: 'request',
        severity: 'critical',
        range: '*',
        title: 'through form-data; Server-side request forgery',
      },
      { name: 'tough-cookie', severity: 'moderate', range: '<4.1.3', title: 'Prototype pollution' },
    ],
  })
})

it('takes high and critical ones for grave, and nothing below', () => {
  const of = (severity: 'info' | 'low' | 'moderate' | 'high' | 'critical') =>
    isGrave({ name: 'package', range: '*', title: 'a fault', severity })
  expect([of('info'), of('low'), of('moderate'), of('high'), of('critical')]).toEqual([false, false, false, true, true])
})

it('knows no vulnerability where the registry knows none', () => {
  expect(readAudit('{"auditReportVersion":2,"vulnerabilities":{},"metadata":{}}')).toEqual({ found: [] })
})

it('does not take a refusal, or what is no report, for good news', () => {
  expect(readAudit('{"message":"405 Method Not Allowed","error":{"summary":"","detail":""}}')).toEqual({
    unanswered: '405 Method Not Allowed',
  })
  for (const output of ['', 'npm ERR! network', '{}', '[]', '{"vulnerabilities":{"a":{"severity":"dreadful"}}}']) {
    expect(readAudit(output)).toEqual({ unanswered: 'npm gave no report.' })
  }
})
