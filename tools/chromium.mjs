// Where the browser of the tests is, and how it is started.
import { existsSync } from 'node:fs';

const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** What the environment variable CHROMIUM names, or else what is in a usual place; undefined without either. */
export function chromiumPath() {
  const named = process.env.CHROMIUM;
  return (named ? [named] : usualPlaces).find((path) => existsSync(path));
}

/** Headless in a container, and silent on the network. */
export const chromiumArguments = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
