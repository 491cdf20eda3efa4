// Reads out the token under the pointer or the cursor. Values come with the tokens; nothing is asked of the server.

export function attach(block, readout) {
  // The page may have gone on before this script was here.
  if (!block || !readout) return;
  const tell = token => {
    const [step, index, entropy, logProb, ...rest] = token.dataset.v.split(' ');
    const chance = Math.exp(Number(logProb)).toFixed(3);
    const gap = rest.join(' ');
    const difference = gap ? `${gap} nats` : block.dataset.gap;
    readout.textContent = `“${token.textContent}” · step ${step} · token ${index} · entropy ${entropy} nats · log-prob ${logProb} · p ${chance} · sampler − learner: ${difference}`;
  };
  const mark = token => {
    block.querySelector('.t.at')?.classList.remove('at');
    token.classList.add('at');
    token.scrollIntoView({ block: 'nearest' });
    tell(token);
  };

  block.addEventListener('pointerover', event => {
    if (event.target.classList.contains('t')) tell(event.target);
  });
  block.addEventListener('keydown', event => {
    // Those belong to the browser: Alt and an arrow go back a page.
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const tokens = [...block.querySelectorAll('.t')];
    const at = tokens.findIndex(token => token.classList.contains('at'));
    const target = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tokens.length - 1 }[event.key];
    if (target === undefined || tokens.length === 0) return;
    mark(tokens[Math.max(0, Math.min(tokens.length - 1, target))]);
    event.preventDefault();
  });
}
