import type { ClassicBoard } from './classic.ts';
import { feedbackLoop } from './feedback-loop.ts';
import { predictions } from './predictions.ts';
import { productionAccuracy } from './production-accuracy.ts';
import { runtime } from './runtime.ts';
import { service } from './service.ts';

/** Every board, by the name of its file in grafana/dashboards/. */
export const BOARDS: Readonly<Record<string, () => ClassicBoard>> = {
  'production-accuracy.json': productionAccuracy,
  'feedback-loop.json': feedbackLoop,
  'service.json': service,
  'predictions.json': predictions,
  'runtime.json': runtime,
};

/** @returns the board's file as it should be committed */
export const boardText = (make: () => ClassicBoard): string =>
  `${JSON.stringify(make(), null, 2)}\n`;
