import path from 'node:path';

import { temporaryFolder } from '../servers/server.ts';
import { describeBackup } from './backup.ts';

const places = {
  settings: {},
  empty: () => Promise.resolve({ DATA_DIR: path.join(temporaryFolder('restored'), 'data') }),
};
describeBackup('SQLite and disk', () => Promise.resolve(places), true);
