import { ApolloGateway } from '@apollo/gateway'
import type { Executor } from '../execution/gateway-executor.ts'

// Apollo's gateway would otherwise report usage to Apollo once an hour.
process.env.APOLLO_TELEMETRY_DISABLED = 'true'

/** Apollo's gateway over a supergraph that does not change, with an executor that is not Apollo's. */
export class SupergraphGateway extends ApolloGateway {
  constructor(options: {
    supergraphSdl: string
    executor: Executor
    logger: NonNullable<ConstructorParameters<typeof ApolloGateway>[0]>['logger']
  }) {
    super({
      supergraphSdl: options.supergraphSdl,
      buildService: ({ name }) => unused(name),
      ...(options.logger && { logger: options.logger }),
    })
    this.executor = options.executor
  }
}

/** The data source that Apollo's executor would ask. */
function unused(name: string) {
  return { process: () => Promise.reject(new Error(`The subgraph ${name} is not asked this way.`)) }
}
