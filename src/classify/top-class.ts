/**
 * The likeliest class; of equals the one that comes first in the model's order.
 * @param probabilities one number a class, in the order of `classes`
 * @param classes the model's classes, at least one
 */
export function topClass(
  probabilities: readonly number[],
  classes: readonly string[],
): { readonly predictedClass: string; readonly confidence: number } {
  let best = 0;
  probabilities.forEach((probability, index) => {
    if (probability > (probabilities[best] ?? 0)) best = index;
  });
  return { predictedClass: classes[best] ?? '', confidence: probabilities[best] ?? 0 };
}
