// Told by its environment what identical work in flight may share: SHARE_FETCHES, one fetch of a subgraph for all
// queries, as it does by default; SHARE_QUERIES, one answer.
const { SHARE_FETCHES, SHARE_QUERIES } = process.env

export const gatewayConfig = {
  logging: 'error',
  transportEntries: { '*.http': { options: { deduplicateInflightRequests: SHARE_FETCHES === 'true' } } },
  inboundInflightRequestDeduplication: SHARE_QUERIES === 'true',
}
