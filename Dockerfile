# One image for the diary (p2p-diary), the peer (p2p-peer) and the command (p2p). `npm run image` builds it.
# No RUN --mount and no syntax line: both of Docker's builders accept it.

FROM node:26-bookworm-slim AS manifests
WORKDIR /app
# What npm ci reads, and nothing that changes with the sources.
COPY package.json package-lock.json .npmrc ./
COPY libs/protocol/package.json libs/protocol/
COPY libs/service/package.json libs/service/
COPY libs/transfer/package.json libs/transfer/
COPY apps/diary/package.json apps/diary/
COPY apps/peer/package.json apps/peer/

# What runs: production dependencies, zlib-sync compiled.
FROM manifests AS modules
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ make python3 \
 && rm -rf /var/lib/apt/lists/*
COPY scripts/postinstall.mjs scripts/install-native.mjs scripts/
RUN P2P_REQUIRE_NATIVE=1 npm ci --omit=dev
COPY scripts/image/prune.mjs scripts/image/
RUN node scripts/image/prune.mjs node_modules

# What is built from source; nothing native takes part in that.
FROM manifests AS build
RUN npm ci --ignore-scripts
COPY tsconfig.base.json ./
COPY libs libs
COPY apps apps
RUN node node_modules/typescript/bin/tsc -b apps/diary apps/peer \
 && find libs apps \( -name src -o -name 'tsconfig*' -o -name '*.md' -o -name '*.map' -o -name '*.d.ts' -o -name '*.tsbuildinfo' \) -prune -exec rm -r {} +

FROM node:26-bookworm-slim
ENV NODE_ENV=production P2P_DATA_DIR=/data
WORKDIR /app
RUN install -d -o 1000 -g 1000 -m 0700 /data \
 && ln -s /app/apps/diary/bin/p2p-diary.js /usr/local/bin/p2p-diary \
 && ln -s /app/apps/peer/bin/p2p-peer.js /usr/local/bin/p2p-peer \
 && ln -s /app/apps/peer/bin/p2p.js /usr/local/bin/p2p
COPY --from=modules /app/node_modules node_modules
COPY package.json LICENSE ./
COPY --from=build /app/libs libs
COPY --from=build /app/apps apps
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="p2p" \
      org.opencontainers.image.description="A peer-to-peer file downloader: diary, peer and command" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
# By number, so that Kubernetes can see that it is not root.
USER 1000:1000
# The one place that is written to: downloads, what resuming needs, the control token.
VOLUME /data
# Ports: 4000 other peers, 4100 the diary, 9464 metrics and health. The control API stays on the container's loopback.
EXPOSE 4000 4100 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["node", "-e", "require('http').get(`http://127.0.0.1:${process.env.P2P_METRICS_PORT || 9464}/health/ready`, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
CMD ["p2p-peer"]
