// Reads what WallFrame.cs writes.

export const NOT_GRADED = 255;

const MOST_STEPS = 48;

export function readFrame(bytes) {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frame = {
    sequence: data.getUint32(0, true),
    snapshot: data.getUint32(4, true) === 1,
    total: data.getUint32(8, true),
    selected: data.getInt32(12, true),
    selectedPosition: data.getInt32(16, true),
    cells: [],
    more: [],
  };
  const count = data.getUint32(20, true), further = data.getUint32(24, true);
  let at = 28;
  for (let i = 0; i < count; i++) {
    const flags = data.getUint8(at + 8);
    const kept = data.getUint16(at + 14, true);
    const steps = new Float32Array(kept);
    for (let k = 0; k < kept; k++) steps[k] = data.getUint16(at + 28 + 2 * k, true) / 1000;
    frame.cells.push({
      prompt: data.getUint32(at, true),
      position: data.getUint32(at + 4, true),
      live: (flags & 1) !== 0,
      pinned: (flags & 2) !== 0,
      direction: data.getUint8(at + 9),
      accuracy: data.getUint8(at + 10),
      slot: data.getUint8(at + 11),
      stepCount: data.getUint16(at + 12, true),
      tokens: data.getUint32(at + 16, true),
      policyVersion: data.getUint32(at + 20, true),
      trend: data.getFloat32(at + 24, true),
      steps,
    });
    at += 28 + 2 * kept;
  }
  for (let i = 0; i < further; i++, at += 8) {
    const word = data.getUint32(at, true);
    frame.more.push({ prompt: word & 0x3fffffff, direction: word >>> 30, entropy: data.getUint16(at + 4, true) / 1000, trend: data.getInt16(at + 6, true) / 1000 });
  }
  return frame;
}

/** Takes a further step of a cell that is known in all else. */
export function addStep(cell, { direction, entropy, trend }) {
  const kept = cell.steps.subarray(Math.max(0, cell.steps.length + 1 - MOST_STEPS));
  const steps = new Float32Array(kept.length + 1);
  steps.set(kept);
  steps[kept.length] = entropy;
  Object.assign(cell, { steps, stepCount: Math.min(cell.stepCount + 1, 0xffff), direction, trend });
}
