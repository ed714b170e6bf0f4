# One image for every role of Parley; the command names the role: docker run parley gateway
# The base is pinned by its exact version. To pin it by digest too, build with
#   --build-arg NODE_IMAGE=node:24.21.0-bookworm-slim@sha256:…
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The optional dependencies of Parley itself are a Node and a PostgreSQL, which an image has no use for. Leaving them out
# with --omit=optional would leave out those of dependencies too, one of which is the program that hashes passwords.
# Source maps and types are for whoever develops.
RUN npm pkg delete optionalDependencies \
  && npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

FROM ${NODE_IMAGE}
ARG VERSION=local
LABEL org.opencontainers.image.title="Parley" \
  org.opencontainers.image.description="A self-hostable chat backend with AI in it, served as one federated GraphQL graph." \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}"
# tini passes signals on and buries what nobody waits for. The folders are where the role make-secrets has the volumes that
# Compose mounts: an empty volume takes its owner from here. Where they are read the image has nothing, or it would be that
# which a volume takes.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends tini \
  && rm -rf /var/lib/apt/lists/* \
  && for reader in kept postgres nats redis auth chat gateway grafana; do \
    install --directory --owner=10001 --group=10001 "/made/$reader"; done
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json LICENSE ./
COPY schema schema
COPY platform platform
COPY gateway gateway
COPY subgraphs subgraphs
COPY local local
COPY scripts/role.ts scripts/health.ts scripts/
ENV NODE_ENV=production
USER 10001:10001
EXPOSE 4000 4001 4002 4003 4010
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --start-period=60s --retries=3 CMD ["node", "scripts/health.ts"]
ENTRYPOINT ["/usr/bin/tini", "--", "node", "scripts/role.ts"]
