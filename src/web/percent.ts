/** A ratio as people read it: "78 %", with a no-break space; one decimal where two would look alike. */
export function percent(ratio: number, decimals = 0): string {
  return `${(ratio * 100).toFixed(decimals)}\u00a0%`;
}

/** A confidence: never "100 %", which no model can say. */
export function confidencePercent(confidence: number): string {
  if (confidence >= 0.995) return `over ${percent(0.99)}`;
  if (confidence > 0 && confidence < 0.005) return `under ${percent(0.01)}`;
  return percent(confidence);
}
