// The cloud of traces: R or ρ upwards, tokens to the right. Right traces are round, wrong ones crosses, ungraded ones squares.

import { figure, paintMark } from './paint.js';
import { Picture, ticks } from './picture.js';

const LEFT = 58, RIGHT = 14, TOP = 12, BOTTOM = 38;
const LOOKS = [{ tone: 'rising', shape: 'cross', word: 'wrong' }, { tone: 'right', shape: 'ring', word: 'right' }, { tone: 'neutral', shape: 'square', word: 'not graded' }];

export function attach(root, options, server) {
  return new Scatter(root, options, server);
}

class Scatter extends Picture {
  constructor(root, { byRank }, server) {
    super(root, server, 340, byRank ? 'Spearman rho against length' : 'Trend R against length');
    this.byRank = byRank;
    this.points = [];
    this.shown = [];
    this.at = null;
    window.etrScatter = { state: () => ({ points: this.points.length, shown: this.shown.length, at: this.at, byRank: this.byRank, places: this.x ? this.shown.map(point => [this.x(point.length), this.y(this.value(point))]) : [] }) };
  }

  push(bytes) {
    const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), count = data.getUint32(0, true);
    this.points = Array.from({ length: count }, (_, i) => {
      const at = 4 + 28 * i;
      return {
        trend: data.getFloat32(at, true), rho: data.getFloat32(at + 4, true), length: data.getUint32(at + 8, true), prompt: data.getUint32(at + 12, true),
        ordinal: data.getUint32(at + 16, true), step: data.getUint32(at + 20, true), slot: data.getUint16(at + 24, true),
        verdict: data.getUint8(at + 26), truncated: data.getUint8(at + 27) === 1,
      };
    });
    this.arrange();
    return true;
  }

  configure({ byRank }) {
    this.byRank = byRank;
    this.arrange();
  }

  arrange() {
    this.value = this.byRank ? point => point.rho : point => point.trend;
    this.shown = this.points.filter(point => Number.isFinite(this.value(point))).sort((one, other) => one.length - other.length || this.value(one) - this.value(other));
    if (this.at !== null && this.at >= this.shown.length) this.at = null;
    this.draw();
    this.tellPoint();
  }

  paint(context, width, height) {
    if (this.shown.length === 0) return;
    const values = this.shown.map(this.value), lengths = this.shown.map(point => point.length);
    const [low, high] = this.byRank ? [-1, 1] : padded(Math.min(0, ...values), Math.max(0, ...values));
    const [shortest, longest] = padded(Math.min(...lengths, 0), Math.max(...lengths, 10));
    this.x = length => LEFT + (width - LEFT - RIGHT) * (length - shortest) / (longest - shortest);
    this.y = value => TOP + (height - TOP - BOTTOM) * (high - value) / (high - low);
    context.font = `12px ${this.tones.font}`;
    context.lineWidth = 1;
    for (const tick of ticks(low, high, 5)) {
      context.strokeStyle = tick === 0 ? this.tones.neutral : this.tones.line;
      line(context, LEFT, this.y(tick), width - RIGHT, this.y(tick));
      label(context, this.tones.neutral, figure(tick), LEFT - 8, this.y(tick), 'right', 'middle');
    }

    for (const tick of ticks(shortest, longest, Math.max(2, width / 140)))
      if (tick >= 0) label(context, this.tones.neutral, `${tick}`, this.x(tick), height - BOTTOM + 8, 'center', 'top');
    label(context, this.tones.neutral, 'tokens', width - RIGHT, height - 2, 'right', 'bottom');
    label(context, this.tones.neutral, this.byRank ? 'ρ' : 'R (nats)', 4, 2, 'left', 'top');
    this.shown.forEach((point, index) => {
      const look = LOOKS[point.verdict];
      context.globalAlpha = 0.75;
      context.strokeStyle = context.fillStyle = this.tones[look.tone];
      context.lineWidth = 1.6;
      paintMark(context, look.shape, this.x(point.length), this.y(this.value(point)), 3.2);
      context.globalAlpha = 1;
      if (index === this.at) {
        context.strokeStyle = this.tones.focus;
        context.lineWidth = 2.5;
        context.beginPath();
        context.arc(this.x(point.length), this.y(this.value(point)), 9, 0, 2 * Math.PI);
        context.stroke();
      }
    });
  }

  point(x, y) {
    if (!this.x) return;
    let nearest = null, least = 400;
    this.shown.forEach((point, index) => {
      const distance = (this.x(point.length) - x) ** 2 + (this.y(this.value(point)) - y) ** 2;
      if (distance < least) [nearest, least] = [index, distance];
    });
    if (nearest !== null && nearest !== this.at) this.goTo(nearest);
  }

  key(event) {
    const at = this.at ?? -1, page = Math.max(1, Math.round(this.shown.length / 10));
    const targets = { ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1, PageUp: at + page, PageDown: at - page, Home: 0, End: this.shown.length - 1 };
    if (event.key in targets) this.goTo(targets[event.key]);
    else if (event.key === 'Enter') this.open();
    else return false;
    return true;
  }

  goTo(index) {
    if (this.shown.length === 0) return;
    this.at = Math.max(0, Math.min(this.shown.length - 1, index));
    this.draw();
    this.tellPoint();
  }

  dispose() {
    super.dispose();
    delete window.etrScatter;
  }

  open() {
    const point = this.shown[this.at];
    if (point) this.tell('Chosen', `${point.prompt}?round=${point.ordinal}&trace=${point.slot}`);
  }

  tellPoint() {
    const right = this.shown.filter(point => point.verdict === 1).length, wrong = this.shown.filter(point => point.verdict === 0).length;
    if (this.shown.length === 0) return;
    const point = this.shown[this.at];
    const words = point
      ? `Prompt ${point.prompt}, trace ${point.slot}: ${LOOKS[point.verdict].word}${point.truncated ? ', cut short' : ''} · R ${figure(point.trend)} nats · ρ ${figure(point.rho)} · ${point.length} tokens · step ${point.step} · Enter or click opens it`
      : `${this.shown.length} traces of the newest groups: ${right} right, ${wrong} wrong. Point at one, or move through them with the arrow keys.`;
    this.say(words, this.at === null ? 0 : this.at + 1, this.shown.length);
  }
}

function padded(low, high) {
  const margin = (high - low || 1) * 0.06;
  return [low - margin, high + margin];
}

function line(context, x0, y0, x1, y1) {
  context.beginPath();
  context.moveTo(x0, Math.round(y0) + 0.5);
  context.lineTo(x1, Math.round(y1) + 0.5);
  context.stroke();
}

function label(context, colour, text, x, y, align, baseline) {
  Object.assign(context, { fillStyle: colour, textAlign: align, textBaseline: baseline });
  context.fillText(text, x, y);
}
