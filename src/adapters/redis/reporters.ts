import type { Reporter } from '../../domain/reporter.ts';
import type { ReporterStore } from '../../ports/store/reporter-store.ts';
import type { Connection } from './connection.ts';

export const reporterStore = (connection: Connection): ReporterStore => {
  const key = connection.key('reporters');
  return {
    addReporter: async (reporter) =>
      Number(await connection.call('HSETNX', key, reporter.name, JSON.stringify(reporter))) > 0,
    reporters: async () =>
      [...(await connection.fields(key)).values()]
        .map((text) => JSON.parse(text) as Reporter)
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    removeReporter: async (name) => Number(await connection.call('HDEL', key, name)) > 0,
  };
};
