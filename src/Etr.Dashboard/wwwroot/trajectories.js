// Reads out the point under the pointer or the cursor in the picture of a group's traces. Values come with the lines.

export function attach(region, readout) {
  const svg = region?.querySelector('svg');
  // The page may have gone on before this script was here.
  if (!svg || !readout) return;
  const at = { trace: -1, point: -1 };

  // Read anew each time: the picture is drawn again when its group changes.
  const traces = () => [...svg.querySelectorAll('[data-trace]')].map(group => {
    const values = group.dataset.values.split(' ').filter(Boolean);
    const points = (group.querySelector('polyline').getAttribute('points') ?? '').split(' ').filter(Boolean).map(pair => pair.split(',').map(Number));
    return { words: group.dataset.trace, values: values.filter(value => value !== 'NaN'), points };
  });

  const show = (all, trace, point) => {
    const found = all[trace];
    if (!found || found.points.length === 0) return;
    [at.trace, at.point] = [trace, Math.max(0, Math.min(found.points.length - 1, point))];
    const [x, y] = found.points[at.point], probe = svg.querySelector('.probe');
    probe.setAttribute('cx', x);
    probe.setAttribute('cy', y);
    readout.textContent = `${found.words} · reasoning step ${at.point + 1} of ${found.points.length} · entropy ${found.values[at.point]} nats`;
  };

  svg.addEventListener('pointermove', event => {
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()), all = traces();
    let best = null, least = 1600;
    all.forEach(({ points }, trace) => points.forEach(([x, y], point) => {
      const distance = (x - place.x) ** 2 + (y - place.y) ** 2;
      if (distance < least) [best, least] = [[trace, point], distance];
    }));
    if (best) show(all, ...best);
  });
  region.addEventListener('keydown', event => {
    const all = traces(), trace = at.trace < 0 ? all.length - 1 : at.trace;
    const targets = { ArrowRight: [trace, at.point + 1], ArrowLeft: [trace, at.point - 1], ArrowUp: [(trace + 1) % all.length, at.point], ArrowDown: [(trace + all.length - 1) % all.length, at.point], Home: [trace, 0], End: [trace, Infinity] };
    if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in targets) || all.length === 0) return;
    show(all, ...targets[event.key]);
    event.preventDefault();
  });
}
