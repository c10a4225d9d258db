import { describeIdempotency } from './idempotency.ts';

describeIdempotency('SQLite', null);
