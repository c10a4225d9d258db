import type { LabelChange } from '../domain/unit.ts';
import { hourOf } from '../domain/window.ts';

/** Traffic alone brings a new computing of everything when the last one lasted at most this part of the time since. */
const REST = 20;

/**
 * Which windows are to be computed. Those whose labels changed are, at once. Everything is when somebody asks, when labels were
 * mended, and when an hour is over: rolling windows move by the hour. Traffic alone moves estimates a little and counts a
 * little more; it waits until computing everything again costs a twentieth of the time. What is due stays so until it was
 * computed. A process that starts computes everything: nobody knows what the one before left undone.
 */
export class DueEstimates {
  #computedAt = -Infinity;
  #tookMs = 0;
  #hasTraffic = false;
  #changes: readonly LabelChange[] = [];

  noteTraffic(): void {
    this.#hasTraffic = true;
  }

  noteChanges(changes: readonly LabelChange[]): void {
    this.#changes = [...this.#changes, ...changes];
  }

  /** Labels changed otherwise than by new answers, and nobody says which. */
  noteMended(): void {
    this.#computedAt = -Infinity;
  }

  /** @returns null: every window; else the label changes whose windows are due, none where nothing is */
  at(now: number, isAsked: boolean): readonly LabelChange[] | null {
    if (isAsked || hourOf(now) !== hourOf(this.#computedAt)) return null;
    const isRested = now - this.#computedAt >= REST * this.#tookMs;
    return this.#hasTraffic && isRested ? null : this.#changes;
  }

  /** What was due was computed, from `now` on, in `tookMs`. */
  computed(due: readonly LabelChange[] | null, now: number, tookMs: number): void {
    this.#changes = [];
    if (due !== null) return;
    this.#computedAt = now;
    this.#tookMs = tookMs;
    this.#hasTraffic = false;
  }
}
