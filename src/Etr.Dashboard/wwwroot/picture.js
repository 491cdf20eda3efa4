// What pictures with a cursor of their own share: size, colours, drawing once a frame, keys, words.

import { fit, onScheme, readTones, savePng } from './paint.js';

export class Picture {
  constructor(root, server, height, title) {
    Object.assign(this, { root, server, height, title });
    this.stage = root.querySelector('[data-slider]');
    this.canvas = root.querySelector('canvas');
    this.words = root.querySelector('[data-words]');
    this.stopped = new AbortController();
    const { signal } = this.stopped;
    onScheme(signal, () => this.draw());
    document.addEventListener('visibilitychange', () => { this.tell('Attend', !document.hidden); this.draw(); }, { signal });
    this.stage.addEventListener('keydown', event => {
      if (!event.ctrlKey && !event.altKey && !event.metaKey && this.key(event)) event.preventDefault();
    }, { signal });
    this.stage.addEventListener('focus', () => this.draw(), { signal });
    this.stage.addEventListener('blur', () => this.draw(), { signal });
    this.canvas.addEventListener('pointermove', event => this.point(event.offsetX, event.offsetY), { signal });
    this.canvas.addEventListener('click', event => { this.point(event.offsetX, event.offsetY); this.open(); }, { signal });
    root.querySelector('[data-png]').addEventListener('click', () => this.png(), { signal });
    this.resized = new ResizeObserver(() => this.draw());
    this.resized.observe(this.stage);
  }

  draw() {
    if (this.pending || document.hidden) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.tones = readTones(this.root);
      const { context, width, height } = fit(this.canvas, this.height);
      context.fillStyle = this.tones.page;
      context.fillRect(0, 0, width, height);
      if (width > 0) this.paint(context, width, height);
    });
  }

  say(words, now, most) {
    if (this.words.textContent !== words) this.words.textContent = words;
    this.stage.setAttribute('aria-valuemin', 0);
    this.stage.setAttribute('aria-valuemax', Math.max(0, most));
    this.stage.setAttribute('aria-valuenow', now);
    this.stage.setAttribute('aria-valuetext', words);
  }

  open() {}

  tell(method, ...args) {
    // A circuit that is gone is told of by the page's own notice.
    this.server.invokeMethodAsync(method, ...args).catch(() => {});
  }

  png() {
    return savePng(`${this.title.toLowerCase().replaceAll(' ', '-')}.png`, [{ canvas: this.canvas, title: this.title }], this.tones);
  }

  dispose() {
    this.stopped.abort();
    this.resized.disconnect();
    cancelAnimationFrame(this.pending);
  }
}

/** Round numbers between two ends, some of them. */
export function ticks(low, high, most) {
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(factor => factor * power).find(candidate => candidate >= rough);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step / 1e6; tick += step) found.push(Math.abs(tick) < step / 1e6 ? 0 : tick);
  return found;
}
