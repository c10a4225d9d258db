const COMPARISON = /(?:==|!=|>=|<=|>|<)(?!~)/;

/**
 * The parts of an alert's expression that must give data whether or not it fires: what stands left of each comparison.
 * Good enough for this repository's alerts: `and`, `or` and `unless` join comparisons at the top level or within one pair
 * of parentheses.
 */
export function comparisonFree(expr: string): string[] {
  return partsOf(expr).flatMap((part) => {
    const bare = part.trim();
    const inner = wholeParentheses(bare);
    if (inner !== null) return comparisonFree(inner);
    const at = topLevel(bare, COMPARISON);
    return [(at === null ? bare : bare.slice(0, at.index)).trim()];
  });
}

function partsOf(expr: string): string[] {
  const parts: string[] = [];
  let rest = expr;
  for (;;) {
    const at = topLevel(rest, /\b(?:and|or|unless)\b/);
    if (at === null) return [...parts, rest];
    parts.push(rest.slice(0, at.index));
    rest = rest.slice(at.index + at.length).replace(/^\s*on\s*\([^)]*\)/, '');
  }
}

/** `(...)` around all of it, or null. */
function wholeParentheses(expr: string): string | null {
  if (!expr.startsWith('(') || !expr.endsWith(')')) return null;
  const inner = expr.slice(1, -1);
  let depth = 0;
  for (const sign of inner) {
    depth += sign === '(' ? 1 : sign === ')' ? -1 : 0;
    if (depth < 0) return null;
  }
  return inner;
}

/** First match outside of parentheses, braces, brackets and strings. */
function topLevel(expr: string, pattern: RegExp): { index: number; length: number } | null {
  let masked = expr.replace(/"(?:[^"\\]|\\.)*"/g, (text) => ' '.repeat(text.length));
  let before = '';
  while (before !== masked) {
    before = masked;
    masked = masked.replace(/\([^(){}[\]]*\)|\{[^(){}[\]]*\}|\[[^(){}[\]]*\]/g, (text) =>
      '\u0000'.repeat(text.length),
    );
  }
  const found = pattern.exec(masked);
  return found === null ? null : { index: found.index, length: found[0].length };
}
