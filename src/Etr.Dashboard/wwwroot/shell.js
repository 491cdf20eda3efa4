// Keys that work on every page, and the list of keys. It needs no circuit: pages say with data attributes what is what.

const SINGLE = 'etr-single-keys';
const allowed = () => localStorage.getItem(SINGLE) !== 'off';
const find = name => document.querySelector(`[data-${name}]`);

function openHelp() {
  const help = find('help');
  if (!help || help.open) return;
  find('single-keys').checked = allowed();
  help.showModal();
}

document.addEventListener('keydown', event => {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
  // A list of keys that is open has the keyboard to itself.
  if (find('help')?.open && event.key !== 'Escape') return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== 'checkbox';
  if (event.key === 'Escape') {
    find('help')?.close();
    const stage = find('stage');
    if (!stage || stage === document.activeElement) return;
    stage.focus();
  } else if (typing || !allowed()) {
    return;
  } else if (event.key === '?') {
    openHelp();
  } else if (event.key === '/') {
    const control = find('first-control');
    if (!control) return;
    control.focus();
  } else if (/^[1-9]$/.test(event.key)) {
    const view = document.querySelector(`[data-digit="${event.key}"]`);
    if (!view) return;
    view.click();
  } else {
    return;
  }

  event.preventDefault();
});

document.addEventListener('click', event => {
  if (event.target.closest('[data-opens-help]')) openHelp();
});

document.addEventListener('change', event => {
  if (event.target.matches('[data-single-keys]')) localStorage.setItem(SINGLE, event.target.checked ? 'on' : 'off');
});
