const WORDS = new Set([
  ...['sum', 'min', 'max', 'avg', 'count', 'topk', 'by', 'without', 'on', 'ignoring', 'and', 'or'],
  ...['unless', 'group_left', 'group_right', 'offset', 'rate', 'increase', 'abs', 'scalar', 'time'],
  ...['vector', 'histogram_quantile', 'absent', 'sum_over_time', 'count_over_time', 'bool'],
  ...['avg_over_time', 'min_over_time', 'max_over_time', 'clamp_max', 'label_replace'],
]);

/**
 * The series that a PromQL expression reads. Good enough for this repository's own expressions: strings, selectors,
 * label lists, ranges and numbers are taken out, functions and operators are known words.
 */
export function namesIn(expr: string): string[] {
  const bare = expr
    .replace(/"(?:[^"\\]|\\.)*"/g, '')
    .replace(/\{[^}]*\}/g, '')
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\boffset\s+\w+/g, '');
  const names = bare.match(/[a-zA-Z_:][a-zA-Z0-9_:]*/g) ?? [];
  return [...new Set(names.filter((name) => !WORDS.has(name)))];
}
