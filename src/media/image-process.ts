/** The main module of the image process: one task at a time, until the server hangs up. See `thumbnailer.ts`. */
import { writeFileSync } from 'node:fs';
import { drawThumbnail } from './draw-thumbnail.ts';
import type { ImageOutcome, ImageTask } from './image-task.ts';

async function perform(task: ImageTask): Promise<ImageOutcome> {
  try {
    return await drawThumbnail(task);
  } catch (error) {
    return { outcome: 'broken', reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Should memory run out all the same, the kernel is to take this process and not the server. */
function volunteerForTheKernel(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '900');
  } catch {
    // Not Linux.
  }
}

volunteerForTheKernel();
process.on('message', async (task: ImageTask) => {
  const outcome = await perform(task);
  process.send?.(outcome);
});
process.on('disconnect', () => process.exit());
