// A stack of line charts over training with one crosshair, one zoom and one set of events. uPlot draws; the server sends binary rows.

import { ChartRows, readChartFrame, smoothed, known } from './chart-frame.js';
import { dashOf, figure, onScheme, paintMark, readTones, savePng } from './paint.js';

const HEIGHT = 172, LEAST_SPAN = 4;
const EVENTS = {
  fault: { tone: 'rising', shape: 'up', word: 'fault' },
  guard: { tone: 'fourth', shape: 'diamond', word: 'guard' },
  skipped: { tone: 'rising', shape: 'cross', word: 'skipped' },
  evaluation: { tone: 'right', shape: 'diamond', word: 'evaluated' },
};

let library;

/** uPlot is a classic script: loaded once, from this server, when the first chart is drawn. */
function loadLibrary() {
  return library ??= window.uPlot ? Promise.resolve(window.uPlot) : new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = new URL('./vendor/uplot/uPlot.iife.min.js', import.meta.url);
    script.onload = () => resolve(window.uPlot);
    script.onerror = () => reject(new Error('The charts could not be loaded.'));
    document.head.append(script);
  });
}

export async function attach(root, options, server) {
  return new ChartStack(root, options, await loadLibrary(), server);
}

class ChartStack {
  constructor(root, { specs, columns, zoom, smooth, at, gaps, file }, uPlot, server) {
    Object.assign(this, { root, specs, uPlot, server, smooth, gaps, file, zoom: parseZoom(zoom), at: at ?? null });
    this.slider = root.querySelector('[data-crosshair]');
    this.words = root.querySelector('[data-words]');
    this.columns = new Map(columns.map((column, index) => [column, index]));
    this.rows = new ChartRows(columns.length);
    this.sequence = 0;
    this.events = [];
    this.stats = { frames: 0, bytes: 0 };
    this.tones = readTones(root);
    this.stopped = new AbortController();
    const { signal } = this.stopped;
    onScheme(signal, () => { this.tones = readTones(root); this.redraw(); });
    this.slider.addEventListener('keydown', event => this.key(event), { signal });
    document.addEventListener('visibilitychange', () => { this.tell('Attend', !document.hidden); this.refresh(); }, { signal });
    root.addEventListener('click', event => this.pressed(event), { signal });
    this.plots = specs.map(spec => this.plot(spec));
    this.resized = new ResizeObserver(() => this.resize());
    this.resized.observe(root);
    window.etrCharts = { state: () => this.state(), row: step => this.describe(step), png: name => this.png(name) };
    if (document.hidden) this.tell('Attend', false);
  }

  // --- rows and events ----------------------------------------------------------------------------------------------

  /** Takes rows; false asks for all of them because some were lost. */
  push(bytes) {
    const frame = readChartFrame(bytes);
    if (!frame.snapshot && frame.sequence !== this.sequence + 1) return false;
    this.sequence = frame.sequence;
    this.stats.frames++;
    this.stats.bytes += bytes.byteLength;
    this.rows.apply(frame);
    this.refresh();
    return true;
  }

  setEvents(events) {
    this.events = events;
    this.redraw();
    this.tellStep();
  }

  /** What the page's address says: the same again changes nothing. */
  configure({ zoom, smooth }) {
    if (zoom === formatZoom(this.zoom) && smooth === this.smooth) return;
    this.zoom = parseZoom(zoom);
    const other = smooth !== this.smooth;
    this.smooth = smooth;
    if (other) this.refresh(); else this.scale();
  }

  get first() { return this.rows.steps[0] ?? 0; }

  get last() { return this.rows.steps[this.rows.steps.length - 1] ?? 1; }

  // --- drawing ------------------------------------------------------------------------------------------------------

  plot(spec) {
    const holder = this.root.querySelector(`[data-chart="${spec.key}"]`);
    const tone = name => () => this.tones[name];
    const plain = { points: { show: false }, width: 0, stroke: 'transparent' };
    const series = [{}], bands = [];
    for (const line of spec.series) {
      const at = series.length;
      series.push({ stroke: tone(line.tone), width: 2, dash: dashOf(line.tone), spanGaps: this.gaps, points: { show: false } }, plain, plain);
      bands.push({ series: [at + 2, at + 1], fill: () => faint(this.tones[line.tone], 0.2) });
    }

    if (spec.band) {
      bands.push({ series: [series.length + 1, series.length], fill: () => faint(this.tones.neutral, 0.2) });
      series.push(plain, plain);
    }

    const axis = { stroke: tone('neutral'), grid: { stroke: tone('line'), width: 1 }, ticks: { stroke: tone('line'), width: 1 }, font: `12px ${this.tones.font}` };
    const plot = new this.uPlot({
      width: Math.max(120, holder.clientWidth),
      height: HEIGHT,
      scales: { x: { time: false, range: () => this.range() }, y: { range: (_, low, high) => this.heights(low, high) } },
      legend: { show: false },
      cursor: {
        sync: { key: this.syncKey, scales: ['x', null] },
        drag: { x: true, y: false, setScale: false },
        points: { size: 7 },
        y: false,
      },
      axes: [
        { ...axis, size: 30, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000] },
        { ...axis, size: 62, values: (_, ticks, __, ___, step) => ticks.map(tick => tick === null ? '' : tickText(tick, step)) },
      ],
      series,
      bands,
      hooks: {
        setSelect: [u => this.brushed(u)],
        setCursor: [u => this.hovered(u)],
        draw: [u => this.drawEvents(u, spec)],
      },
    }, this.dataOf(spec), holder);
    plot.over.addEventListener('dblclick', () => this.zoomTo({ all: true }));
    plot.over.addEventListener('pointerleave', () => this.leave());
    return { spec, plot, holder };
  }

  get syncKey() { return this.sync ??= this.uPlot.sync('etr').key; }

  dataOf(spec) {
    const data = [known(this.rows.steps)];
    for (const line of spec.series) {
      const column = this.rows.columns[this.columns.get(line.column)];
      const { line: values, low, high } = smoothed(column, this.smooth, this.rows.extremes);
      const nothing = low ? null : new Array(values.length).fill(null);
      data.push(values, low ?? nothing, high ?? nothing);
    }

    if (spec.band) {
      for (const edge of [spec.band.low, spec.band.high])
        data.push(smoothed(this.rows.columns[this.columns.get(edge)], this.smooth, false).line);
    }

    return data;
  }

  /** Draws what came in; once a frame, and not where nobody sees it. */
  refresh() {
    if (this.pending || document.hidden) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.tones = readTones(this.root);
      for (const { plot, spec } of this.plots) plot.setData(this.dataOf(spec));
      this.follow();
    });
  }

  scale() {
    for (const { plot } of this.plots) plot.setData(plot.data);
    this.follow();
  }

  redraw() {
    for (const { plot } of this.plots) plot.redraw(false, true);
  }

  resize() {
    for (const { plot, holder } of this.plots)
      if (holder.clientWidth > 0 && holder.clientWidth !== plot.width) plot.setSize({ width: holder.clientWidth, height: HEIGHT });
  }

  /** The steps in view. A zoom on the newest steps goes along with them. */
  range() {
    const { all, last, from, to } = this.zoom;
    const range = all ? [this.first, this.last] : last ? [this.last - last, this.last] : [from, to];
    return range[1] > range[0] ? range : [range[0] - 1, range[0] + 1];
  }

  /** A figure that does not move is a line in the middle. */
  heights(low, high) {
    if (low === null || high === null) return [0, 1];
    // Also where it moves by less than the figures it came as can tell apart.
    const size = Math.max(Math.abs(low), Math.abs(high));
    if (high - low <= size * 1e-5) return [low - (size || 1) / 10, high + (size || 1) / 10];
    return this.uPlot.rangeNum(low, high, 0.1, true);
  }

  drawEvents(plot, spec) {
    const context = plot.ctx, ratio = this.uPlot.pxRatio, { left, top, width, height } = plot.bbox;
    context.save();
    context.beginPath();
    context.rect(left, top - 8 * ratio, width, height + 8 * ratio);
    context.clip();
    for (const event of this.events) {
      const look = EVENTS[event.kind] ?? EVENTS.fault, x = plot.valToPos(event.step, 'x', true);
      if (x < left || x > left + width) continue;
      const atValue = event.kind === 'evaluation';
      if (atValue && (spec.markers !== 'evaluation' || event.value === null)) continue;
      context.strokeStyle = context.fillStyle = this.tones[look.tone];
      context.lineWidth = ratio;
      if (!atValue) {
        context.setLineDash([3 * ratio, 3 * ratio]);
        context.beginPath();
        context.moveTo(x, top);
        context.lineTo(x, top + height);
        context.stroke();
        context.setLineDash([]);
      }

      context.lineWidth = 1.6 * ratio;
      paintMark(context, look.shape, x, atValue ? plot.valToPos(event.value, 'y', true) : top + 5 * ratio, 4 * ratio);
    }

    if (this.at !== null) {
      const x = plot.valToPos(this.at, 'x', true);
      context.strokeStyle = this.tones.focus;
      context.lineWidth = 1.5 * ratio;
      context.beginPath();
      context.moveTo(x, top);
      context.lineTo(x, top + height);
      context.stroke();
    }

    context.restore();
  }

  // --- pointer ------------------------------------------------------------------------------------------------------

  brushed(plot) {
    const { left, width } = plot.select;
    if (width < 3) return;
    const from = plot.posToVal(left, 'x'), to = plot.posToVal(left + width, 'x');
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.zoomTo({ from: Math.round(from), to: Math.round(to) });
  }

  hovered(plot) {
    const { idx, left } = plot.cursor;
    if (left < 0 || idx === null || idx === undefined) return;
    if (!plot.over.matches(':hover')) return;
    this.pointed = true;
    this.goTo(idx, false);
  }

  /** Where only the pointer stood, the figures of the newest step come back. */
  leave() {
    if (!this.pointed) return;
    [this.pointed, this.at] = [false, null];
    this.redraw();
    this.tellStep();
  }

  pressed(event) {
    const action = event.target.closest('[data-action]')?.dataset.action;
    if (action) this.act(action);
  }

  // --- keyboard -----------------------------------------------------------------------------------------------------

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const index = this.index, page = Math.max(1, Math.round(this.visibleRows() / 10));
    const targets = { ArrowRight: index + 1, ArrowUp: index + 1, ArrowLeft: index - 1, ArrowDown: index - 1, PageUp: index + page, PageDown: index - page, Home: 0, End: this.rows.steps.length - 1 };
    const actions = { '+': 'in', '=': 'in', '-': 'out', 0: 'all', l: 'live', L: 'live', e: 'event', E: 'event' };
    if (event.shiftKey && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) this.pan(event.key === 'ArrowRight' ? 1 : -1);
    else if (event.key in targets) this.goTo(targets[event.key], true);
    else if (event.key in actions) this.act(actions[event.key]);
    else return;
    event.preventDefault();
  }

  act(action) {
    const [from, to] = this.range(), span = to - from, centre = this.at ?? (from + to) / 2;
    if (action === 'all') this.zoomTo({ all: true });
    else if (action === 'live') this.zoomTo({ last: Math.max(LEAST_SPAN, Math.min(Math.round(span), 50)) });
    else if (action === 'in') this.zoomTo(around(centre, span / 4));
    else if (action === 'out') this.zoomTo(around(centre, span));
    else if (action === 'event') this.nextEvent();
    else if (action === 'png') this.png();
  }

  pan(direction) {
    const [from, to] = this.range(), move = direction * Math.max(1, (to - from) / 4);
    this.zoomTo({ from: Math.round(from + move), to: Math.round(to + move) });
  }

  nextEvent() {
    const steps = this.events.map(event => event.step).sort((one, other) => one - other);
    const next = steps.find(step => step > (this.at ?? -1)) ?? steps[0];
    if (next !== undefined) this.goTo(this.rows.nearest(next), true);
  }

  get index() { return this.at === null ? this.rows.steps.length - 1 : this.rows.nearest(this.at); }

  visibleRows() {
    const [from, to] = this.range();
    return this.rows.steps.filter(step => step >= from && step <= to).length;
  }

  goTo(index, reveal) {
    if (this.rows.steps.length === 0) return;
    // The keyboard's end is the live one: it goes along with the run.
    const end = this.rows.steps.length - 1, at = this.rows.steps[Math.max(0, Math.min(end, index))];
    if (reveal) this.pointed = false;
    this.at = reveal && index >= end ? null : at;
    const [from, to] = this.range();
    if (reveal && (at < from || at > to)) this.zoomTo(around(at, (to - from) / 2));
    this.redraw();
    this.tellStep();
  }

  zoomTo(zoom) {
    let { all, last, from, to } = zoom;
    if (from !== undefined) {
      [from, to] = [Math.max(this.first, from), Math.min(this.last, to)];
      if (to - from < LEAST_SPAN) to = from + LEAST_SPAN;
      // Whoever looks at the newest steps wants to see the next ones too.
      if (from <= this.first && to >= this.last) all = true;
      else if (to >= this.last) last = Math.max(LEAST_SPAN, this.last - from);
    }

    this.zoom = all ? { all: true } : last ? { last } : { from, to };
    this.scale();
    this.tell('Chosen', formatZoom(this.zoom));
  }

  // --- words --------------------------------------------------------------------------------------------------------

  follow() {
    const newest = this.at === null ? this.rows.steps.length - 1 : this.index;
    this.slider.setAttribute('aria-valuemin', this.first);
    this.slider.setAttribute('aria-valuemax', this.last);
    this.tellStep(newest);
  }

  tellStep(index = this.index) {
    const step = this.rows.steps[index];
    if (step === undefined) return;
    for (const element of this.root.querySelectorAll('[data-column]'))
      element.textContent = figure(this.rows.columns[this.columns.get(element.dataset.column)].mean[index]);
    const before = index > 0 ? this.rows.steps[index - 1] : step - 1;
    const here = this.events.filter(event => event.step > before && event.step <= step);
    const [from, to] = this.range();
    const view = this.zoom.all ? 'all steps' : this.zoom.last ? `the newest ${Math.round(this.zoom.last)} steps, live` : `steps ${Math.round(from)} to ${Math.round(to)}`;
    const name = step - before > 1 && this.rows.extremes ? `Steps ${before + 1} to ${step}` : `Step ${step} · policy version ${step}`;
    const told = here.slice(0, 3).map(event => ` · ${(EVENTS[event.kind] ?? EVENTS.fault).word}: ${event.text}`).join('');
    const words = `${name}${told}${here.length > 3 ? ` · and ${here.length - 3} more` : ''} · shown: ${view}`;
    if (this.words.textContent !== words) this.words.textContent = words;
    this.slider.setAttribute('aria-valuenow', step);
    const figures = this.specs.slice(0, 6).map(spec => `${spec.series[0].name} ${figure(this.rows.columns[this.columns.get(spec.series[0].column)].mean[index])}`);
    this.slider.setAttribute('aria-valuetext', `${words}: ${figures.join(', ')}`);
  }

  tell(method, ...args) {
    // A circuit that is gone is told of by the page's own notice.
    this.server.invokeMethodAsync(method, ...args).catch(() => {});
  }

  png(name = `${this.file}.png`) {
    return savePng(name, this.plots.map(({ plot, spec }) => ({ canvas: plot.ctx.canvas, title: spec.unit ? `${spec.title} (${spec.unit})` : spec.title })), this.tones);
  }

  // --- for tests and the console ------------------------------------------------------------------------------------

  describe(step) {
    const index = this.rows.nearest(step);
    return Object.fromEntries([...this.columns].map(([name, column]) => [name, this.rows.columns[column].mean[index] ?? null]));
  }

  state() {
    return {
      ...this.stats, sequence: this.sequence, rows: this.rows.steps.length, last: this.last, at: this.at, zoom: formatZoom(this.zoom), smooth: this.smooth,
      range: this.range(), charts: this.plots.length, events: this.events.length,
      ranges: this.plots.map(({ plot }) => [plot.scales.x.min, plot.scales.x.max]),
    };
  }

  dispose() {
    this.stopped.abort();
    this.resized.disconnect();
    cancelAnimationFrame(this.pending);
    for (const { plot } of this.plots) plot.destroy();
    delete window.etrCharts;
  }
}

function around(centre, half) {
  return { from: Math.round(centre - half), to: Math.round(centre + half) };
}

/** As many decimals as two neighbours need to differ. */
function tickText(tick, step) {
  if (step < 1e-4 && tick !== 0) return tick.toExponential(1).replace('-', '−');
  let decimals = 0;
  while (decimals < 6 && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) decimals++;
  return tick.toLocaleString('en-US', { minimumFractionDigits: 0, maximumFractionDigits: decimals }).replace('-', '−');
}

/** "" for all, "last:50" for the newest, "100-200" for a stretch. */
function parseZoom(text) {
  const last = /^last:(\d{1,9})$/.exec(text ?? ''), range = /^(\d{1,9})-(\d{1,9})$/.exec(text ?? '');
  if (last) return { last: Math.max(LEAST_SPAN, Number(last[1])) };
  return range && Number(range[2]) > Number(range[1]) ? { from: Number(range[1]), to: Number(range[2]) } : { all: true };
}

function formatZoom({ all, last, from, to }) {
  return all ? '' : last ? `last:${Math.round(last)}` : `${Math.round(from)}-${Math.round(to)}`;
}

/** The colour with little of it; system colours of forced palettes take it too. */
function faint(colour, share) {
  return `color-mix(in srgb, ${colour} ${share * 100}%, transparent)`;
}
