/** The figures of docs/statistics.md that a run must reproduce (2000 runs a cell, another program, other seeds). */
export interface Reference {
  readonly rmse: number;
  readonly width: number;
  readonly coverage: number;
}

const row = (rmse: number, width: number, coverage: number): Reference => ({
  rmse,
  width,
  coverage,
});

/** By labels, then method. */
export const REFERENCE: Readonly<Record<number, Readonly<Record<string, Reference>>>> = {
  50: {
    'random + Wilson': row(0.0544, 0.209, 0.95),
    'random + default': row(0.0479, 0.191, 0.962),
    'confidence pi + default': row(0.0443, 0.185, 0.967),
    '60/20/20 + default': row(0.0467, 0.203, 0.975),
    '40/30/30 + default': row(0.0552, 0.242, 0.986),
  },
  100: {
    'random + Wilson': row(0.0391, 0.15, 0.947),
    'random + default': row(0.0332, 0.133, 0.959),
    'confidence pi + default': row(0.0316, 0.127, 0.962),
    '60/20/20 + default': row(0.0338, 0.139, 0.965),
    '40/30/30 + default': row(0.0405, 0.164, 0.961),
  },
  200: {
    'random + Wilson': row(0.0276, 0.106, 0.949),
    'random + default': row(0.024, 0.092, 0.952),
    'confidence pi + default': row(0.0223, 0.088, 0.957),
    '60/20/20 + default': row(0.024, 0.095, 0.95),
    '40/30/30 + default': row(0.028, 0.113, 0.954),
  },
  500: {
    'random + Wilson': row(0.0169, 0.067, 0.958),
    'random + default': row(0.0145, 0.058, 0.955),
    'confidence pi + default': row(0.0134, 0.054, 0.958),
    '60/20/20 + default': row(0.0145, 0.058, 0.951),
    '40/30/30 + default': row(0.0172, 0.069, 0.951),
  },
};

/** The naive mean of the mixed tasks. */
export const NAIVE_METHOD = 'naive mean of 40/30/30';
export const NAIVE_REFERENCE: Readonly<Record<number, number>> = {
  50: -0.272,
  100: -0.271,
  200: -0.271,
  500: -0.269,
};
