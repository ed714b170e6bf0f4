import { z } from 'zod'
import { hostOf, port, processEnvironment, readEnvironment } from '../../platform/environment.ts'

/** What the demo model reads of the environment when it is a process of its own. */
export const demoModelVariables = {
  ...processEnvironment,
  DEMO_MODEL_PORT: port(4010).describe('Where the demo model listens as a process of its own; 0 takes any free port.'),
}

const environment = z.object(demoModelVariables)

/** What the demo model is told when it is a process of its own. */
export interface DemoModelConfig {
  readonly host: string
  readonly port: number
  readonly shutdownGraceMs: number
}

/**
 * Reads the demo model's configuration.
 *
 * @throws ConfigurationError that names every variable at fault.
 */
export function readDemoModelConfig(env: NodeJS.ProcessEnv): DemoModelConfig {
  const given = readEnvironment(environment, env)
  return { host: hostOf(given), port: given.DEMO_MODEL_PORT, shutdownGraceMs: given.SHUTDOWN_GRACE_MS }
}
