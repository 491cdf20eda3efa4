// Paints cells. It knows colours and shapes, nothing of frames, keys or scrolling.

import { NOT_GRADED } from './wall-frame.js';

const FALLING = 1, FLAT = 2, RISING = 3;
const FEWEST_STEPS = 12;

/** Colours from the style sheet, so that one palette serves light, dark and forced colours. */
export function readPalette(element) {
  const style = getComputedStyle(element);
  const colour = name => style.getPropertyValue(name).trim();
  return {
    surface: colour('--cell'), text: colour('--text'), quiet: colour('--neutral'), edge: colour('--line'),
    focus: colour('--focus'), right: colour('--right'), wrong: colour('--rising'), page: colour('--page'),
    directions: [colour('--neutral'), colour('--falling'), colour('--neutral'), colour('--rising')],
    font: style.fontFamily,
  };
}

/** The height that a cell's full height stands for, in nats: the smallest round number above all that is shown. */
export function scaleOf(cells, previous) {
  let most = 0;
  for (const cell of cells) for (const step of cell.steps) if (step > most) most = step;
  const scale = [0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12].find(round => most <= round) ?? 16;
  // It shrinks only when much smaller, so that heights stay comparable from one moment to the next.
  return previous && scale < previous && most > previous * 0.4 ? previous : scale;
}

export function paintCell(context, palette, cell, box, scale, state) {
  const { x, y, width, height } = box;
  const colour = palette.directions[cell.direction];
  context.globalAlpha = 1;
  context.fillStyle = palette.surface;
  roundRect(context, x, y, width, height, 6);
  context.fill();
  if (state.selected || state.hovered) {
    context.lineWidth = state.selected ? 2.5 : 1;
    context.strokeStyle = state.selected ? palette.focus : palette.quiet;
    context.stroke();
  }

  paintEdge(context, colour, cell.direction, x, y, height);
  paintSteps(context, palette, cell, colour, { x: x + 12, y: y + 21, width: width - 22, height: height - 29 }, scale);
  paintLabels(context, palette, cell, colour, box);
}

/** The edge says the trend a second time: solid down, dotted flat, dashed up. */
function paintEdge(context, colour, direction, x, y, height) {
  if (direction === 0) return;
  context.strokeStyle = colour;
  context.lineWidth = 3;
  context.setLineDash(direction === FALLING ? [] : direction === FLAT ? [2, 4] : [7, 4]);
  context.beginPath();
  context.moveTo(x + 4.5, y + 7);
  context.lineTo(x + 4.5, y + height - 7);
  context.stroke();
  context.setLineDash([]);
}

function paintSteps(context, palette, cell, colour, plot, scale) {
  const steps = cell.steps;
  context.strokeStyle = palette.edge;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(plot.x, plot.y + plot.height + 0.5);
  context.lineTo(plot.x + plot.width, plot.y + plot.height + 0.5);
  context.stroke();
  if (steps.length === 0) return;

  const gap = plot.width / Math.max(FEWEST_STEPS - 1, steps.length - 1);
  const px = i => plot.x + i * gap;
  const py = i => plot.y + plot.height * (1 - Math.min(1, steps[i] / scale));

  context.beginPath();
  context.moveTo(px(0), plot.y + plot.height);
  for (let i = 0; i < steps.length; i++) context.lineTo(px(i), py(i));
  context.lineTo(px(steps.length - 1), plot.y + plot.height);
  context.closePath();
  context.globalAlpha = 0.16;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;

  context.beginPath();
  for (let i = 0; i < steps.length; i++) i === 0 ? context.moveTo(px(i), py(i)) : context.lineTo(px(i), py(i));
  context.strokeStyle = colour;
  context.lineWidth = 1.6;
  context.lineJoin = 'round';
  context.stroke();

  const last = steps.length - 1;
  context.beginPath();
  context.arc(px(last), py(last), cell.live ? 3.2 : 2, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
  if (cell.live) {
    context.beginPath();
    context.arc(px(last), py(last), 5.6, 0, 2 * Math.PI);
    context.globalAlpha = 0.45;
    context.lineWidth = 1.5;
    context.stroke();
    context.globalAlpha = 1;
  }
}

function paintLabels(context, palette, cell, colour, { x, y, width }) {
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  context.font = `600 11px ${palette.font}`;
  context.fillStyle = palette.text;
  context.fillText(String(cell.prompt), x + 12, y + 12);
  const label = context.measureText(String(cell.prompt)).width;
  paintGlyph(context, colour, cell.direction, x + 12 + label + 9, y + 12);

  let right = x + width - 9;
  if (cell.accuracy !== NOT_GRADED) right = paintMark(context, palette, cell.accuracy, right, y + 12);
  if (cell.tokens > 0) {
    context.font = `11px ${palette.font}`;
    context.textAlign = 'right';
    context.fillStyle = palette.quiet;
    context.fillText(String(cell.tokens), right, y + 12);
    right -= context.measureText(String(cell.tokens)).width + 5;
  }

  if (cell.pinned) paintPin(context, palette, right - 5, y + 12);
}

function paintGlyph(context, colour, direction, x, y) {
  if (direction === 0) return;
  context.fillStyle = colour;
  context.beginPath();
  if (direction === FLAT) {
    context.rect(x - 4, y - 1.25, 8, 2.5);
  } else {
    const up = direction === RISING ? -1 : 1;
    context.moveTo(x - 4.5, y - 3 * up);
    context.lineTo(x + 4.5, y - 3 * up);
    context.lineTo(x, y + 4 * up);
  }
  context.fill();
}

/** Tick in a ring: all right. Cross: all wrong. Between them the share of right traces. Returns where free room ends. */
function paintMark(context, palette, accuracy, right, y) {
  if (accuracy > 0 && accuracy < 100) {
    context.font = `600 11px ${palette.font}`;
    context.textAlign = 'right';
    context.fillStyle = palette.text;
    const words = `${accuracy}%`;
    context.fillText(words, right, y);
    return right - context.measureText(words).width - 6;
  }

  const x = right - 5;
  context.lineWidth = 1.6;
  context.beginPath();
  if (accuracy === 100) {
    context.strokeStyle = palette.right;
    context.arc(x, y, 6, 0, 2 * Math.PI);
    context.moveTo(x - 2.8, y + 0.2);
    context.lineTo(x - 0.8, y + 2.4);
    context.lineTo(x + 3, y - 2.2);
  } else {
    context.strokeStyle = palette.wrong;
    context.moveTo(x - 3.5, y - 3.5);
    context.lineTo(x + 3.5, y + 3.5);
    context.moveTo(x + 3.5, y - 3.5);
    context.lineTo(x - 3.5, y + 3.5);
  }
  context.stroke();
  return right - 17;
}

function paintPin(context, palette, x, y) {
  context.fillStyle = palette.focus;
  context.beginPath();
  context.arc(x, y - 1.5, 3.2, 0, 2 * Math.PI);
  context.fill();
  context.fillRect(x - 0.75, y, 1.5, 6);
}

function roundRect(context, x, y, width, height, radius) {
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
}
