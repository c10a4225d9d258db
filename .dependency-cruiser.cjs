/** Holds the picture of src/README.md: arrows point to the domain; steps, adapters and the core stay apart. */
const PURE = '^src/(domain|ports|select|verdict|estimate)/';
const STEPS = 'upload|classify|record|shadow|push|pull|expose|dataset|retrain';

module.exports = {
  forbidden: [
    {
      name: 'pure-has-no-io',
      comment: 'The core sees no file, network, clock or chance; hashing is arithmetic.',
      severity: 'error',
      from: { path: PURE },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown'],
        pathNot: '^(node:)?crypto$',
      },
    },
    {
      name: 'pure-imports-pure',
      severity: 'error',
      from: { path: PURE },
      to: { path: '^src/', pathNot: PURE },
    },
    {
      name: 'domain-imports-nothing',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { pathNot: '^src/domain/' },
    },
    {
      name: 'ports-import-domain',
      severity: 'error',
      from: { path: '^src/ports/' },
      to: { pathNot: '^src/(domain|ports)/' },
    },
    {
      name: 'steps-know-ports-not-adapters',
      severity: 'error',
      from: { path: `^src/(${STEPS}|web|classifier|sync)/` },
      to: { path: '^src/adapters/' },
    },
    {
      name: 'steps-do-not-know-each-other',
      comment: 'web, classifier, sync and wire join them.',
      severity: 'error',
      from: { path: `^src/(${STEPS})/` },
      to: { path: `^src/(${STEPS})/`, pathNot: '^src/$1/' },
    },
    {
      name: 'adapters-know-ports-only',
      comment:
        'onnx decodes with sharp inside its worker thread: one place must not decode images twice. A circuit is the same in front of every dependency.',
      severity: 'error',
      from: { path: '^src/adapters/([^/]+)/' },
      to: {
        path: '^src/',
        pathNot: [
          '^src/(domain|ports)/',
          '^src/adapters/$1/',
          '^src/adapters/sharp/',
          '^src/adapters/circuit/',
          '^src/(files|threads)/',
        ],
      },
    },
    {
      name: 'only-main-and-wire-import-config',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main|wire|config/|operate/)' },
      to: { path: '^src/config/' },
    },
    {
      name: 'src-never-imports-around-it',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|scripts|bench|grafana|data-prep)/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};
