/** A Monday, 00:00 UTC. */
export const DAY_START = Date.UTC(2026, 2, 2);
