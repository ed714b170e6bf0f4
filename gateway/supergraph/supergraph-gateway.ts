import { ApolloGateway, type GraphQLDataSource } from '@apollo/gateway'

// Apollo's gateway would otherwise report usage to Apollo once an hour.
process.env.APOLLO_TELEMETRY_DISABLED = 'true'

/** Apollo's gateway over a supergraph that does not change, with data sources of our own. */
export class SupergraphGateway extends ApolloGateway {
  /**
   * @param options.subgraphs the data source of each subgraph, by its name.
   * @param options.exposeQueryPlans answers the query plan to clients that ask for it, as Apollo Sandbox does.
   */
  constructor(options: {
    supergraphSdl: string
    subgraphs: ReadonlyMap<string, GraphQLDataSource>
    exposeQueryPlans: boolean
    logger: NonNullable<ConstructorParameters<typeof ApolloGateway>[0]>['logger']
  }) {
    super({
      supergraphSdl: options.supergraphSdl,
      buildService: ({ name }) => {
        const source = options.subgraphs.get(name)
        if (!source) throw new Error(`No data source for the subgraph ${name}.`)
        return source
      },
      __exposeQueryPlanExperimental: options.exposeQueryPlans,
      ...(options.logger && { logger: options.logger }),
    })
  }
}
