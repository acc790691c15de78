/** Lets timers, signals and pages have their turn; a backend may compute for long without a break. */
export async function pause(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve);
  });
}
