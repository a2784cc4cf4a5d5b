// A file that was removed from the sources would otherwise stay among the compiled ones, and be packed or run.
import { rmSync } from 'node:fs';

const [folder = 'dist'] = process.argv.slice(2);
rmSync(new URL(`../${folder}/`, import.meta.url), { recursive: true, force: true });
