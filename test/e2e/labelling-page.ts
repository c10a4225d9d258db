import assert from 'node:assert/strict';

import type { Locator, Page, Response } from 'playwright-core';

const PATIENCE_MS = 60_000;
const PASSWORD = 'a-password-for-this-test-only';

/** The task that Label Studio shows, as its own page was told. */
export interface OpenTask {
  readonly id: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A person at Label Studio's labelling page, with a keyboard. */
export class LabellingPage {
  readonly page: Page;
  #task: OpenTask | null = null;

  constructor(page: Page) {
    this.page = page;
  }

  get task(): OpenTask {
    assert.ok(this.#task, 'a task is open');
    return this.#task;
  }

  /** Makes an account by the invite link. */
  async join(inviteLink: string, email: string): Promise<void> {
    await this.page.goto(inviteLink);
    await this.page.fill('input[name=email]', email);
    await this.page.fill('input[name=password]', PASSWORD);
    await this.page.keyboard.press('Enter');
    await this.page.waitForURL(({ pathname }) => !pathname.includes('signup'));
  }

  /** @param follow leads to a project; its instructions are read and closed @returns what they say */
  async begin(follow: () => Promise<void>): Promise<string> {
    const next = this.#nextTask();
    await follow();
    const instructions = this.page.getByText('Labeling Instructions');
    await instructions.waitFor({ timeout: PATIENCE_MS });
    const words = await this.page.locator('body').innerText();
    await this.page.keyboard.press('Escape');
    await instructions.waitFor({ state: 'hidden' });
    await this.#show(await next);
    return words;
  }

  /** The key that stands beside a choice. */
  async keyOf(choice: string): Promise<string> {
    const shown = await this.#choice(choice).innerText();
    const key = /\[(.)\]/.exec(shown)?.[1];
    assert.ok(key, `"${shown}" shows a key`);
    return key;
  }

  /** Chooses by key, submits by key, and waits for the next task. */
  async answer(choice: string): Promise<void> {
    await this.#press(choice);
    await this.#leave('Control+Enter');
  }

  async skip(): Promise<void> {
    await this.#leave('Control+Space');
  }

  /** Opens a task of the same project again, chooses by key, and saves with the button. */
  async edit(taskId: number, choice: string): Promise<void> {
    const task = new URL(this.page.url());
    task.search = `?task=${taskId}`;
    // Label Studio shows the task before it has read its answers, and then forgets what was chosen.
    await this.page.goto(task.href, { waitUntil: 'networkidle', timeout: PATIENCE_MS });
    await this.#press(choice);
    const saved = this.page.waitForResponse(
      (response) =>
        response.request().method() === 'PATCH' && response.url().includes('/api/annotations/'),
      { timeout: PATIENCE_MS },
    );
    await this.page
      .locator('button:enabled')
      .filter({ hasText: 'Update' })
      .click({ timeout: PATIENCE_MS });
    assert.ok((await saved).ok(), 'the changed answer is saved');
  }

  #choice(choice: string): Locator {
    return this.page.locator('label').filter({ hasText: choice });
  }

  /** Keys that come before the page is ready for them are lost: so it is looked whether they were heard. */
  async #press(choice: string): Promise<void> {
    const key = await this.keyOf(choice);
    const chosen = this.#choice(choice).locator('input:checked');
    for (let time = 1; ; time += 1) {
      await this.page.keyboard.press(key);
      const isHeard = await chosen.waitFor({ timeout: 4000 }).then(
        () => true,
        () => false,
      );
      if (isHeard) return;
      assert.ok(time < 10, `${key} chooses ${choice}`);
    }
  }

  async #leave(keys: string): Promise<void> {
    const next = this.#nextTask();
    await this.page.keyboard.press(keys);
    await this.#show(await next);
  }

  /** Label Studio takes keys once the picture stands there. */
  async #show(response: Response): Promise<void> {
    this.#task = response.ok() ? ((await response.json()) as OpenTask) : null;
    if (this.#task === null) return;
    await this.page.waitForFunction(
      '[...document.images].some(({ naturalWidth }) => naturalWidth > 0)',
      undefined,
      { timeout: PATIENCE_MS },
    );
  }

  #nextTask(): Promise<Response> {
    return this.page.waitForResponse((response) => response.url().includes('id=next_task'), {
      timeout: PATIENCE_MS,
    });
  }
}
