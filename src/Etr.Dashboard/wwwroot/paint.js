// What all pictures share: colours from the style sheet, dashes by tone, figures as people read them, and saving as PNG.

const DASHES = { falling: [], rising: [8, 4], right: [14, 4], fourth: [2, 3], neutral: [10, 3, 2, 3], text: [] };

/** Colours of the style sheet at this moment: one palette serves light, dark and forced colours. */
export function readTones(element) {
  const style = getComputedStyle(element);
  const colour = name => style.getPropertyValue(name).trim();
  return {
    falling: colour('--falling'), rising: colour('--rising'), right: colour('--right'), fourth: colour('--fourth'),
    neutral: colour('--neutral'), text: colour('--text'), line: colour('--line'), page: colour('--page'), cell: colour('--cell'),
    focus: colour('--focus'), font: style.fontFamily,
  };
}

export function dashOf(tone) {
  return DASHES[tone] ?? [];
}

/** Calls back when colours may have changed, until the signal. */
export function onScheme(signal, changed) {
  for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)'])
    matchMedia(query).addEventListener('change', changed, { signal });
}

export function figure(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const text = Number.isInteger(value) ? value.toLocaleString('en-US') : size >= 1000 ? Math.round(value).toLocaleString('en-US')
    : size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : size >= 1 ? value.toFixed(2)
    : size >= 0.001 ? value.toFixed(4).replace(/0{1,3}$/, '') : value.toExponential(1);
  return text.replace('-', '−');
}

/** A canvas as wide and high as its parent, sharp on every screen. Returns its context and size in CSS pixels. */
export function fit(canvas, height) {
  const width = canvas.parentElement.clientWidth, ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height };
}

/** A marker that says by its shape what its colour says. */
export function paintMark(context, shape, x, y, size) {
  context.beginPath();
  switch (shape) {
    case 'ring':
      context.arc(x, y, size, 0, 2 * Math.PI);
      context.fill();
      return;
    case 'cross':
      context.moveTo(x - size, y - size);
      context.lineTo(x + size, y + size);
      context.moveTo(x + size, y - size);
      context.lineTo(x - size, y + size);
      context.stroke();
      return;
    case 'diamond':
      context.moveTo(x, y - size);
      context.lineTo(x + size, y);
      context.lineTo(x, y + size);
      context.lineTo(x - size, y);
      context.closePath();
      context.fill();
      return;
    case 'up':
      context.moveTo(x - size, y + size);
      context.lineTo(x + size, y + size);
      context.lineTo(x, y - size);
      context.closePath();
      context.fill();
      return;
    default:
      context.rect(x - size, y - size, 2 * size, 2 * size);
      context.stroke();
  }
}

/** Saves pictures, one under the other with their titles, as one PNG. */
export function savePng(name, pictures, tones) {
  const titleHeight = 26, ratio = window.devicePixelRatio || 1;
  const sheet = document.createElement('canvas');
  sheet.width = Math.max(...pictures.map(picture => picture.canvas.width));
  sheet.height = pictures.reduce((sum, picture) => sum + picture.canvas.height + titleHeight * ratio, 0);
  const context = sheet.getContext('2d');
  context.fillStyle = tones.page;
  context.fillRect(0, 0, sheet.width, sheet.height);
  let y = 0;
  for (const { canvas, title } of pictures) {
    context.fillStyle = tones.text;
    context.font = `600 ${14 * ratio}px ${tones.font}`;
    context.textBaseline = 'middle';
    context.fillText(title, 10 * ratio, y + titleHeight * ratio / 2);
    y += titleHeight * ratio;
    context.drawImage(canvas, 0, y);
    y += canvas.height;
  }

  return new Promise(resolve => sheet.toBlob(blob => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    resolve(sheet.width);
  }, 'image/png'));
}
