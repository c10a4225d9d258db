// Import boundaries of src/. A tool that reads nothing finds nothing, so an empty module count is a failure too.
import { execFileSync } from 'node:child_process';

const folder = process.argv[2] ?? 'src';
const json = runDepcruise(folder);
const { summary } = JSON.parse(json);
for (const { rule, from, to } of summary.violations)
  console.error(`${rule.name}: ${from} -> ${to}`);
console.log(`${summary.totalCruised} modules, ${summary.violations.length} boundary violations`);
process.exitCode = summary.totalCruised === 0 || summary.violations.length > 0 ? 1 : 0;

function runDepcruise(target) {
  try {
    return execFileSync(
      'npx',
      ['depcruise', target, '--config', '.dependency-cruiser.cjs', '--output-type', 'json'],
      {
        encoding: 'utf8',
        maxBuffer: 256 * 1024 * 1024,
      },
    );
  } catch (error) {
    // depcruise exits non-zero on violations and still prints its report.
    if (typeof error.stdout === 'string' && error.stdout.startsWith('{')) return error.stdout;
    throw error;
  }
}
