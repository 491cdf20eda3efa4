// The entropy wall: one canvas over a scrolling space. The server sends binary frames for the cells in view.

import { readFrame, addStep, NOT_GRADED } from './wall-frame.js';
import { paintCell, readPalette, scaleOf } from './wall-paint.js';

const GAP = 8, CELL_HEIGHT = 74, LEAST_CELL_WIDTH = 116;
const WORDS = ['no trend yet', 'falling', 'flat', 'rising'];

export function attach(elements, server) {
  return new Wall(elements, server);
}

class Wall {
  constructor({ scroller, space, canvas, cellText, readout, scaleText }, server) {
    Object.assign(this, { scroller, space, canvas, cellText, readout, scaleText, server });
    this.context = canvas.getContext('2d');
    this.cells = new Map();
    this.total = 0;
    this.sequence = 0;
    this.stats = { frames: 0, bytes: 0, drawn: 0 };
    this.selected = null;
    this.hovered = null;
    this.scale = 0;
    this.stopped = new AbortController();
    const { signal } = this.stopped;
    this.calm = matchMedia('(prefers-reduced-motion: reduce)');
    const scheme = [matchMedia('(prefers-color-scheme: dark)'), matchMedia('(forced-colors: active)')];

    scroller.addEventListener('scroll', () => this.look(), { signal, passive: true });
    scroller.addEventListener('keydown', event => this.key(event), { signal });
    scroller.addEventListener('focus', () => this.focus(), { signal });
    scroller.addEventListener('blur', () => this.draw(), { signal });
    canvas.addEventListener('pointermove', event => this.hover(this.hit(event)), { signal });
    canvas.addEventListener('pointerleave', () => this.hover(null), { signal });
    canvas.addEventListener('click', event => this.click(event), { signal });
    document.addEventListener('visibilitychange', () => this.attend(), { signal });
    this.calm.addEventListener('change', () => this.attend(), { signal });
    for (const query of scheme) query.addEventListener('change', () => { this.palette = null; this.draw(); }, { signal });
    this.resized = new ResizeObserver(() => this.layOut());
    this.resized.observe(scroller);
    this.accessor = window.etrWall = { cell: prompt => this.describe(prompt), state: () => this.state() };
    this.layOut();
    this.attend();
  }

  // --- frames -------------------------------------------------------------------------------------------------------

  /** Takes a frame; false asks for a snapshot because frames were lost. */
  push(bytes) {
    const frame = readFrame(bytes);
    if (!frame.snapshot && frame.sequence !== this.sequence + 1) return false;

    this.sequence = frame.sequence;
    this.stats.frames++;
    this.stats.bytes += bytes.byteLength;
    if (frame.snapshot) this.cells.clear();
    for (const cell of frame.cells) this.cells.set(cell.prompt, cell);
    for (const step of frame.more) addStep(this.cells.get(step.prompt), step);
    // The server may not have heard yet of a newer selection.
    if (this.selected !== null && this.selected.prompt === frame.selected && frame.selectedPosition >= 0) this.selected.position = frame.selectedPosition;
    if (frame.total !== this.total) {
      this.total = frame.total;
      this.measure();
    }

    this.nameSelected();
    this.draw();
    return true;
  }

  // --- layout -------------------------------------------------------------------------------------------------------

  layOut() {
    const width = this.scroller.clientWidth, height = this.scroller.clientHeight;
    if (width === 0) return;
    this.columns = Math.max(1, Math.floor((width - GAP) / (LEAST_CELL_WIDTH + GAP)));
    this.cellWidth = (width - GAP) / this.columns - GAP;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.palette = null;
    this.measure();
    this.look();
  }

  measure() {
    const rows = Math.ceil(this.total / this.columns);
    this.space.style.height = `${Math.max(rows * (CELL_HEIGHT + GAP) + GAP, this.scroller.clientHeight)}px`;
    this.scroller.setAttribute('aria-rowcount', rows);
    this.scroller.setAttribute('aria-colcount', this.columns);
  }

  boxOf(position) {
    const row = Math.floor(position / this.columns), column = position % this.columns;
    return {
      x: GAP + column * (this.cellWidth + GAP),
      y: GAP + row * (CELL_HEIGHT + GAP) - this.scroller.scrollTop,
      width: this.cellWidth,
      height: CELL_HEIGHT,
    };
  }

  /** Tells the server which cells are in view, a row of margin included; says nothing where that hasn't changed. */
  look() {
    const row = Math.max(0, Math.floor((this.scroller.scrollTop - GAP) / (CELL_HEIGHT + GAP)) - 1);
    const rows = Math.ceil(this.scroller.clientHeight / (CELL_HEIGHT + GAP)) + 3;
    const first = row * this.columns, count = rows * this.columns;
    if (first !== this.first || count !== this.count) {
      [this.first, this.count] = [first, count];
      this.tell('Show', first, count);
    }

    this.draw();
  }

  attend() {
    this.tell('Attend', !document.hidden, this.calm.matches);
  }

  tell(method, ...args) {
    // A circuit that is gone is told of by the page's own notice.
    this.server.invokeMethodAsync(method, ...args).catch(() => {});
  }

  // --- drawing ------------------------------------------------------------------------------------------------------

  draw() {
    if (this.pending || document.hidden) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.paint();
    });
  }

  paint() {
    this.palette ??= readPalette(this.scroller);
    const width = this.scroller.clientWidth, height = this.scroller.clientHeight;
    const scale = scaleOf(this.cells.values(), this.scale);
    if (scale !== this.scale) {
      this.scale = scale;
      this.scaleText.textContent = `${scale}`;
    }

    this.context.fillStyle = this.palette.page;
    this.context.fillRect(0, 0, width, height);
    const focused = document.activeElement === this.scroller;
    for (const cell of this.cells.values()) {
      const box = this.boxOf(cell.position);
      if (box.y > height || box.y + box.height < 0) continue;
      paintCell(this.context, this.palette, cell, box, scale, {
        selected: focused && this.selected?.prompt === cell.prompt,
        hovered: this.hovered === cell.prompt,
      });
    }

    this.stats.drawn++;
  }

  // --- pointer ------------------------------------------------------------------------------------------------------

  hit(event) {
    const { offsetX, offsetY } = event;
    for (const cell of this.cells.values()) {
      const box = this.boxOf(cell.position);
      if (offsetX >= box.x && offsetX < box.x + box.width && offsetY >= box.y && offsetY < box.y + box.height) return cell;
    }

    return null;
  }

  hover(cell) {
    const prompt = cell?.prompt ?? null;
    if (prompt === this.hovered) return;
    this.hovered = prompt;
    this.canvas.classList.toggle('pointing', cell !== null);
    this.readout.textContent = cell ? sentence(cell) : '';
    this.draw();
  }

  click(event) {
    const cell = this.hit(event);
    if (!cell) return;
    this.select(cell.position, cell.prompt);
    this.tell(event.shiftKey ? 'TogglePin' : 'Open', cell.prompt);
  }

  // --- keyboard -----------------------------------------------------------------------------------------------------

  focus() {
    if (this.selected === null && this.total > 0) this.moveTo(this.first ? Math.min(this.first + this.columns, this.total - 1) : 0);
    this.draw();
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const at = this.selected?.position ?? 0;
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / (CELL_HEIGHT + GAP))) * this.columns;
    const targets = {
      ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + this.columns, ArrowUp: at - this.columns,
      Home: 0, End: this.total - 1, PageDown: at + page, PageUp: at - page,
    };
    if (event.key in targets) {
      this.moveTo(Math.max(0, Math.min(this.total - 1, targets[event.key])));
    } else if (event.key === 'Enter' && this.selected?.prompt != null) {
      this.tell('Open', this.selected.prompt);
    } else if ((event.key === 'p' || event.key === 'P') && this.selected?.prompt != null) {
      this.tell('TogglePin', this.selected.prompt);
    } else if (event.key === ' ') {
      this.tell('TogglePause');
    } else {
      return;
    }

    event.preventDefault();
  }

  moveTo(position) {
    if (this.total === 0) return;
    const box = this.boxOf(position);
    if (box.y < GAP) this.scroller.scrollTop += box.y - GAP;
    else if (box.y + box.height > this.scroller.clientHeight - GAP) this.scroller.scrollTop += box.y + box.height + GAP - this.scroller.clientHeight;
    this.select(position, this.at(position)?.prompt ?? null);
  }

  select(position, prompt) {
    this.selected = { position, prompt };
    if (prompt !== null) this.tell('Select', prompt);
    this.nameSelected();
    this.draw();
  }

  at(position) {
    for (const cell of this.cells.values()) if (cell.position === position) return cell;
    return null;
  }

  /** Puts the selected cell into words for those who can't see it; a cell that scrolled in gets its prompt here. */
  nameSelected() {
    if (this.selected === null) return;
    if (this.selected.prompt === null) {
      const cell = this.at(this.selected.position);
      if (!cell) return;
      this.selected.prompt = cell.prompt;
      this.tell('Select', cell.prompt);
    }

    const cell = this.cells.get(this.selected.prompt);
    if (!cell) return;
    this.cellText.parentElement.setAttribute('aria-rowindex', Math.floor(this.selected.position / this.columns) + 1);
    this.cellText.setAttribute('aria-colindex', (this.selected.position % this.columns) + 1);
    const words = sentence(cell);
    if (this.cellText.textContent !== words) this.cellText.textContent = words;
    if (this.hovered === null) this.readout.textContent = words;
  }

  // --- for tests and the console ------------------------------------------------------------------------------------

  describe(prompt) {
    const cell = this.cells.get(prompt);
    return cell ? { ...cell, steps: Array.from(cell.steps), trendWord: WORDS[cell.direction] } : null;
  }

  state() {
    return {
      ...this.stats, sequence: this.sequence, total: this.total, columns: this.columns, cells: this.cells.size,
      selected: this.selected?.prompt ?? null, position: this.selected?.position ?? null,
    };
  }

  dispose() {
    this.stopped.abort();
    this.resized.disconnect();
    cancelAnimationFrame(this.pending);
    if (window.etrWall === this.accessor) delete window.etrWall;
  }
}

function sentence(cell) {
  const last = cell.steps.length > 0 ? `, last ${cell.steps[cell.steps.length - 1].toFixed(2)} nats` : '';
  const verdict = cell.accuracy === NOT_GRADED ? 'not graded yet'
    : cell.accuracy === 100 ? 'all right' : cell.accuracy === 0 ? 'all wrong' : `${cell.accuracy} % right`;
  const parts = [
    `Prompt ${cell.prompt}: entropy ${WORDS[cell.direction]}`,
    `${cell.stepCount} ${cell.stepCount === 1 ? 'step' : 'steps'}${last}`,
    verdict,
  ];
  if (cell.tokens > 0) parts.push(`${cell.tokens} tokens a trace`);
  parts.push(`policy version ${cell.policyVersion}`);
  if (cell.live) parts.push('being drawn');
  if (cell.pinned) parts.push('pinned');
  return parts.join(' · ');
}
