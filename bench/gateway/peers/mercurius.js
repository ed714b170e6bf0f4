// Mercurius' gateway as its documentation starts it. It takes the subgraphs' own SDL, not a supergraph. Told by its
// environment: PORT, SUBGRAPHS, a comma-separated list of addresses that end in the subgraph's name.
import mercuriusGateway from '@mercuriusjs/gateway'
import Fastify from 'fastify'

const { PORT, SUBGRAPHS } = process.env
const services = SUBGRAPHS.split(',').map((url) => ({ name: url.split('/').at(-1), url, mandatory: true }))
const server = Fastify()
await server.register(mercuriusGateway, { jit: 1, gateway: { services } })
await server.listen({ port: Number(PORT), host: '127.0.0.1' })
