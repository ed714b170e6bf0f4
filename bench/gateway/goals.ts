import { judge, print } from '../measurement.ts'
import type { GatewayTitle } from './gateways.ts'
import type { Figures } from './rounds.ts'

const STOCK = { goal: 6, atLeast: 5 }
const FASTEST_OTHER = { goal: 1.5, atLeast: 1.3 }
/** Ours, the stock one that it is judged by anyhow, and Hive where queries share fetches, which ours do not here. */
const OUT_OF_COMPETITION: ReadonlySet<GatewayTitle> = new Set(['ours', 'stock', 'hive as it comes'])
/** A gateway that had less of its core was held up by something else, and its rate says little about it. */
const ENOUGH_OF_ITS_CORE = 0.85

/**
 * Judges how fast ours is: by requests a second when each gateway had its core to itself; else by what each could have
 * done with it, which is by the CPU time per request.
 */
export function judgeOurs(figures: readonly Figures[]): void {
  const isQuiet = figures.every(({ busy }) => busy >= ENOUGH_OF_ITS_CORE)
  const speed = ({ rate, cpuMs }: Figures) => (isQuiet ? rate : 1_000 / cpuMs)
  const speedsOf = (isMeant: (title: GatewayTitle) => boolean) =>
    figures.filter(({ title }) => isMeant(title)).map(speed)
  const [ours = Number.NaN] = speedsOf((title) => title === 'ours')
  const [stock = Number.NaN] = speedsOf((title) => title === 'stock')
  const others = speedsOf((title) => !OUT_OF_COMPETITION.has(title))
  if (!isQuiet)
    print('Something else was running on the cores: judged by CPU time per request, not by requests a second.')
  print(`the goals: ${STOCK.goal} times the stock one, ${FASTEST_OTHER.goal} times the fastest other one`)
  judge('speed, ours by stock', ours / stock, { atLeast: STOCK.atLeast })
  judge('speed, ours by the fastest other', ours / Math.max(...others), { atLeast: FASTEST_OTHER.atLeast })
}
