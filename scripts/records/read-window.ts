import type { WindowName } from '../../src/domain/window.ts';
import { UsageError } from './run-command.ts';

/** @param text such as 24h, 30d or all @throws UsageError */
export function readWindow(text: string): WindowName {
  if (/^([1-9]\d{0,3}[hd]|all)$/.test(text)) return text as WindowName;
  throw new UsageError(
    `--window ${text}: expected hours, days or all, for instance 24h, 30d, all.`,
  );
}
