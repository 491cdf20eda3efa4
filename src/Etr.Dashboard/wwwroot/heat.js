// The map of mean entropy: training steps to the right, reasoning steps upwards, the darker the more uncertain.

import { ChartRows, readChartFrame } from './chart-frame.js';
import { figure } from './paint.js';
import { Picture, ticks } from './picture.js';

const LEFT = 46, RIGHT = 92, TOP = 10, BOTTOM = 38;

export function attach(root, options, server) {
  return new HeatMap(root, options, server);
}

class HeatMap extends Picture {
  constructor(root, { columns }, server) {
    super(root, server, 300, 'Step entropy by reasoning step');
    this.rows = new ChartRows(columns);
    this.sequence = 0;
    this.at = null;
    window.etrHeat = { state: () => ({ rows: this.rows.steps.length, depth: this.depth, at: this.at, value: this.at && this.value(this.at.index, this.at.step) }) };
  }

  push(bytes) {
    const frame = readChartFrame(bytes);
    if (!frame.snapshot && frame.sequence !== this.sequence + 1) return false;
    this.sequence = frame.sequence;
    this.rows.apply(frame);
    this.depth = this.rows.columns.reduce((depth, column, index) => column.mean.some(Number.isFinite) ? index + 1 : depth, 0);
    this.most = 0;
    for (const column of this.rows.columns) for (const value of column.mean) if (value > this.most) this.most = value;
    this.draw();
    this.tellCell();
    return true;
  }

  dispose() {
    super.dispose();
    delete window.etrHeat;
  }

  value(index, step) { return this.rows.columns[step]?.mean[index]; }

  paint(context, width, height) {
    const { rows, tones } = this, count = rows.steps.length;
    if (count === 0 || !this.depth) return;
    const plotWidth = width - LEFT - RIGHT, plotHeight = height - TOP - BOTTOM;
    const cellWidth = plotWidth / count, cellHeight = plotHeight / this.depth;
    Object.assign(this, { cellWidth, cellHeight, plotHeight });
    context.font = `12px ${tones.font}`;
    context.fillStyle = tones.cell;
    context.fillRect(LEFT, TOP, plotWidth, plotHeight);
    context.fillStyle = tones.rising;
    for (let step = 0; step < this.depth; step++) {
      for (let index = 0; index < count; index++) {
        const value = this.value(index, step);
        if (!Number.isFinite(value)) continue;
        context.globalAlpha = this.most > 0 ? value / this.most : 0;
        context.fillRect(LEFT + index * cellWidth, TOP + plotHeight - (step + 1) * cellHeight, cellWidth + 0.5, cellHeight);
      }
    }

    // A step that no trace reached is hatched, not merely pale.
    context.globalAlpha = 1;
    context.strokeStyle = tones.line;
    context.lineWidth = 1;
    for (let step = 0; step < this.depth; step++) {
      for (let index = 0; index < count; index++) {
        if (Number.isFinite(this.value(index, step))) continue;
        const x = LEFT + index * cellWidth, y = TOP + plotHeight - (step + 1) * cellHeight;
        context.fillStyle = tones.page;
        context.fillRect(x, y, cellWidth + 0.5, cellHeight);
      }
    }

    Object.assign(context, { fillStyle: tones.neutral, textAlign: 'right', textBaseline: 'middle' });
    const every = Math.ceil(this.depth / 10);
    for (let step = 0; step < this.depth; step += every) context.fillText(`${step + 1}`, LEFT - 8, TOP + plotHeight - (step + 0.5) * cellHeight);
    Object.assign(context, { textAlign: 'center', textBaseline: 'top' });
    for (const tick of ticks(rows.steps[0], rows.steps[count - 1], Math.max(2, plotWidth / 120)))
      if (Number.isInteger(tick)) context.fillText(`${tick}`, LEFT + (rows.nearest(tick) + 0.5) * cellWidth, height - BOTTOM + 6);
    Object.assign(context, { textAlign: 'left', textBaseline: 'bottom' });
    context.fillText('training step', LEFT, height);
    this.paintScale(context, width);
    if (this.at) {
      context.strokeStyle = tones.focus;
      context.lineWidth = 2.5;
      context.strokeRect(LEFT + this.at.index * cellWidth - 1, TOP + plotHeight - (this.at.step + 1) * cellHeight, Math.max(3, cellWidth + 2), cellHeight);
    }
  }

  paintScale(context, width) {
    const { tones } = this, x = width - RIGHT + 18, steps = 5, height = 20;
    for (let shade = 0; shade <= steps; shade++) {
      const y = TOP + (steps - shade) * height;
      context.fillStyle = tones.cell;
      context.fillRect(x, y, 18, height);
      context.globalAlpha = shade / steps;
      context.fillStyle = tones.rising;
      context.fillRect(x, y, 18, height);
      context.globalAlpha = 1;
      Object.assign(context, { fillStyle: tones.neutral, textAlign: 'left', textBaseline: 'middle' });
      context.fillText(figure(this.most * shade / steps), x + 24, y + height / 2);
    }

    context.fillText('nats', x, TOP + (steps + 1) * height + 12);
  }

  point(x, y) {
    if (!this.cellWidth) return;
    const index = Math.floor((x - LEFT) / this.cellWidth), step = Math.floor((TOP + this.plotHeight - y) / this.cellHeight);
    if (index >= 0 && index < this.rows.steps.length && step >= 0 && step < this.depth) this.goTo(index, step);
  }

  key(event) {
    const { index, step } = this.at ?? { index: this.rows.steps.length, step: 0 }, page = Math.max(1, Math.round(this.rows.steps.length / 10));
    const targets = {
      ArrowRight: [index + 1, step], ArrowLeft: [index - 1, step], ArrowUp: [index, step + 1], ArrowDown: [index, step - 1],
      PageUp: [index + page, step], PageDown: [index - page, step], Home: [0, step], End: [this.rows.steps.length - 1, step],
    };
    if (!(event.key in targets)) return false;
    this.goTo(...targets[event.key]);
    return true;
  }

  goTo(index, step) {
    const most = this.rows.steps.length - 1;
    if (most < 0) return;
    this.at = { index: Math.max(0, Math.min(most, index)), step: Math.max(0, Math.min(this.depth - 1, step)) };
    this.draw();
    this.tellCell();
  }

  tellCell() {
    const { index, step } = this.at ?? { index: this.rows.steps.length - 1, step: 0 };
    if (index < 0 || !this.depth) return;
    const value = this.value(index, step);
    const words = `Training step ${this.rows.steps[index]}, reasoning step ${step + 1}: ${Number.isFinite(value) ? `${figure(value)} nats on average` : 'no trace came this far'}`;
    this.say(words, this.rows.steps[index], this.rows.steps[this.rows.steps.length - 1]);
  }
}
