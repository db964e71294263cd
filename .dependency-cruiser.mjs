// The borders between the parts. test/tools/import-rules.spec.ts proves of every rule that it can fail.

/** Anything of a library or app, as another one imports it: by its path, or by its package. */
const app = (name) => [`^apps/${name}/`, `^@p2p/${name}$`];
const lib = (name) => [`^libs/${name}/`, `^@p2p/${name}$`];
/** What stands behind a port: the file's name says so. */
const ADAPTERS = [
  '/tcp-[^/]+[.]ts$',
  '/memory-[^/]+[.]ts$',
  '/valkey-[^/]+[.]ts$',
  '/local-shares[.]ts$',
  '/diary-client[.]ts$',
  '/downloads-manager[.]ts$',
];
const SPECS = ['[.]spec[.]ts$', '[.]suite[.]ts$', '/spec-helper[.]ts$', '/testing/'];

export default {
  forbidden: [
    {
      name: 'protocol-is-pure',
      comment:
        'libs/protocol says what crosses the wire and imports nothing but itself and zod, so that it runs anywhere and can be tested as it is.',
      severity: 'error',
      from: { path: '^libs/protocol/src/', pathNot: SPECS },
      to: { pathNot: ['^libs/protocol/src/', '^node_modules/zod/'] },
    },
    {
      name: 'transfer-is-pure',
      comment: 'libs/transfer plans a download and imports nothing but itself and @p2p/protocol: no clock, no socket, no file, no Nest.',
      severity: 'error',
      from: { path: '^libs/transfer/src/', pathNot: SPECS },
      to: { pathNot: ['^libs/transfer/src/', ...lib('protocol')] },
    },
    {
      name: 'service-knows-no-app',
      comment: 'libs/service is what both apps share; what knows an app belongs into that app.',
      severity: 'error',
      from: { path: '^libs/service/' },
      to: { path: ['^apps/', ...app('diary'), ...app('peer'), ...lib('transfer')] },
    },
    {
      name: 'diary-knows-no-peer',
      comment: 'The diary and the peer meet on the wire only; what both need belongs into libs.',
      severity: 'error',
      from: { path: '^apps/diary/' },
      to: { path: app('peer') },
    },
    {
      name: 'peer-knows-no-diary',
      comment: 'The peer and the diary meet on the wire only; what both need belongs into libs.',
      severity: 'error',
      from: { path: '^apps/peer/' },
      to: { path: app('diary') },
    },
    {
      name: 'serve-knows-no-download',
      comment: 'Serving and downloading meet in the store of holdings (apps/peer/src/holdings), and neither knows the other.',
      severity: 'error',
      from: { path: '^apps/peer/src/serve/' },
      to: { path: '^apps/peer/src/download/' },
    },
    {
      name: 'download-knows-no-serve',
      comment: 'Downloading and serving meet in the store of holdings (apps/peer/src/holdings), and neither knows the other.',
      severity: 'error',
      from: { path: '^apps/peer/src/download/' },
      to: { path: '^apps/peer/src/serve/' },
    },
    {
      name: 'adapters-are-named-in-modules-only',
      comment:
        'Only *.module.ts and main.ts name concrete adapters (and their own folder, specs and tests); everything else sees the port and is handed the adapter.',
      severity: 'error',
      from: { path: '^apps/[^/]+/src/([^/]+)', pathNot: [...SPECS, '[.]module[.]ts$', '/main[.]ts$'] },
      to: { path: ADAPTERS, pathNot: '^apps/[^/]+/src/$1/' },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that import each other are one file in two halves: move what both need into a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphan-imports',
      comment: 'Every import leads to something that is installed or in this repository.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'only-declared-packages',
      comment: 'A package that is imported is declared in the package.json of the one who imports it, or of the root.',
      severity: 'error',
      from: { path: '^(apps|libs)/[^/]+/src/', pathNot: SPECS },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'programs-import-no-tests',
      comment: 'What runs in production does not import specs or anything under test/.',
      severity: 'error',
      from: { path: '^(apps|libs)/[^/]+/(src|bin)/', pathNot: SPECS },
      to: { path: [...SPECS, '^test/'] },
    },
  ],
  options: {
    parser: 'swc',
    // Packages of this repository resolve to what was built of them; the borders are between their sources.
    doNotFollow: { path: ['node_modules', '/dist/'] },
    // They say what a program without types exports; the parser takes them for such a program.
    exclude: { path: '[.]d[.]mts$' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
