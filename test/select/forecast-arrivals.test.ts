import assert from 'node:assert/strict';

import { forecastArrivals, type HourArrivals } from '../../src/select/forecast-arrivals.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const TODAY = Date.UTC(2026, 2, 10);
const at = (day: number, hour: number, plain: number, low = 0): HourArrivals => ({
  hour: TODAY + day * DAY + hour * HOUR,
  byPattern: [plain, low, 0, 0],
});

describe('the forecast of arrivals', () => {
  it('expects nothing where nothing came yet', () => {
    assert.deepEqual(forecastArrivals({ arrivals: [], now: TODAY + HOUR }), {
      restOfDay: [0, 0, 0, 0],
      wholeDay: 0,
      recordedToday: 0,
    });
  });

  it('expects as many as were recorded today with less than a day of history', () => {
    const arrivals = [at(-1, 20, 50), at(0, 1, 10, 4)];
    assert.deepEqual(forecastArrivals({ arrivals, now: TODAY + 2 * HOUR }), {
      restOfDay: [10, 4, 0, 0],
      wholeDay: 28,
      recordedToday: 14,
    });
  });

  it('takes the mean of the same hours of former days, and the rest of the current hour', () => {
    const arrivals = [
      at(-2, 0, 1),
      at(-2, 5, 10),
      at(-2, 6, 20),
      at(-1, 5, 30),
      at(-1, 6, 40),
      at(0, 5, 3),
    ];
    const forecast = forecastArrivals({ arrivals, now: TODAY + 5.5 * HOUR });
    // Half of the hour from 5 on (mean 20), all of the next (mean 30).
    assert.deepEqual(forecast.restOfDay, [40, 0, 0, 0]);
    assert.equal(forecast.wholeDay, 50.5);
    assert.equal(forecast.recordedToday, 3);
  });

  it('counts an hour without arrivals as none, not as unknown', () => {
    const arrivals = [at(-3, 0, 1), at(-2, 8, 30)];
    const forecast = forecastArrivals({ arrivals, now: TODAY });
    assert.deepEqual(
      forecast.restOfDay,
      [1 / 3, 0, 0, 0].map((v, i) => (i === 0 ? v + 10 : v)),
    );
  });
});
