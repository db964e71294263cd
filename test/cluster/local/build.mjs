// npm run cluster:build: builds Kubernetes, CoreDNS and the pause program, unless they are built.
import { buildBinaries } from './binaries.mjs';

console.log(`built: ${await buildBinaries()}`);
