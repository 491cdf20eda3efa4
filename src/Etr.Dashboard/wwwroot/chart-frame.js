// Reads what ChartFrame.cs writes.

export function readChartFrame(bytes) {
  // Frames need not begin on a multiple of four.
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const header = new Uint32Array(buffer, 0, 5), values = new Float32Array(buffer, 20);
  const [sequence, flags, first, rows, columns] = header;
  const extremes = (flags & 2) !== 0;
  const take = index => values.subarray(index * rows, (index + 1) * rows);
  const frame = { sequence, snapshot: (flags & 1) !== 0, extremes, first, steps: take(0), columns: [] };
  for (let column = 0; column < columns; column++) {
    const at = 1 + column * (extremes ? 3 : 1);
    const mean = take(at);
    frame.columns.push({ mean, low: extremes ? take(at + 1) : mean, high: extremes ? take(at + 2) : mean });
  }
  return frame;
}

/** Rows as a page keeps them. */
export class ChartRows {
  constructor(columns) {
    this.steps = [];
    this.extremes = false;
    this.columns = Array.from({ length: columns }, () => ({ mean: [], low: [], high: [] }));
  }

  apply(frame) {
    const first = frame.snapshot ? 0 : frame.first;
    this.extremes = frame.snapshot ? frame.extremes : this.extremes || frame.extremes;
    replace(this.steps, first, frame.steps);
    frame.columns.forEach((column, index) => {
      for (const part of ['mean', 'low', 'high']) replace(this.columns[index][part], first, column[part]);
    });
  }

  /** Position of the row at a step, or of the nearest. */
  nearest(step) {
    const steps = this.steps;
    let low = 0, high = steps.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (steps[middle] < step) low = middle + 1; else high = middle;
    }
    return low > 0 && step - steps[low - 1] < steps[low] - step ? low - 1 : low;
  }
}

/**
 * A running mean over a window of rows around each, with the lowest and highest value in it: what the mean hides stays to be seen.
 * A window of one gives the rows themselves, and no envelope unless rows are stretches of steps.
 */
export function smoothed(column, window, extremes) {
  const { mean, low, high } = column, rows = mean.length;
  if (window <= 1) {
    return { line: known(mean), low: extremes ? known(low) : null, high: extremes ? known(high) : null };
  }

  const half = Math.floor(window / 2);
  const result = { line: new Array(rows), low: new Array(rows), high: new Array(rows) };
  for (let i = 0; i < rows; i++) {
    let sum = 0, count = 0, least = Infinity, most = -Infinity;
    for (let k = Math.max(0, i - half); k <= Math.min(rows - 1, i + half); k++) {
      if (!Number.isFinite(mean[k])) continue;
      sum += mean[k];
      count++;
      if (low[k] < least) least = low[k];
      if (high[k] > most) most = high[k];
    }
    result.line[i] = count === 0 ? null : sum / count;
    result.low[i] = count === 0 ? null : least;
    result.high[i] = count === 0 ? null : most;
  }
  return result;
}

export function known(values) {
  return Array.from(values, value => Number.isFinite(value) ? value : null);
}

function replace(array, first, values) {
  array.length = Math.min(array.length, first);
  for (const value of values) array.push(value);
}
