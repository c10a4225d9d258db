/** Which expressions have nothing to say after a minute of the product's life, by a part of them, and why. */
export const EMPTY_FOR_A_REASON: readonly {
  readonly part: string;
  readonly why: string;
  /** It depends on the moment. */
  readonly isSometimes?: true;
}[] = [
  { part: 'truthloop_segment_', why: 'no segments are configured' },
  { part: 'truthloop_version', why: 'no second model answers' },
  { part: 'container_', why: 'cAdvisor runs beside containers only' },
  { part: 'offset 1d', why: 'compares with the day before, and the product is a minute old' },
  { part: 'ALERTS{', why: 'nothing fires on a healthy product', isSometimes: true },
  { part: 'min by (kind) (truthloop_outbox_oldest_', why: 'nothing is pending', isSometimes: true },
];
