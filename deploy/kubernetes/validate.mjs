// Holds every object of a rendered kustomization, read from standard input, to the API's schema (npm: kubernetes-models), to
// its type, so that a misspelt field is found too (npm: typescript), and to what deploy/README.md promises. Run it from a
// folder that has those packages: deploy/validate.sh does.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadAll } from 'js-yaml';

const here = name => fileURLToPath(new URL(name, import.meta.url));
const objects = loadAll(readFileSync(0, 'utf8')).filter(Boolean);
const problems = [];
const typed = [];

for (const object of objects) {
  const name = `${object.kind} ${object.metadata?.name}`;
  const library = object.apiVersion.startsWith('monitoring.coreos.com/') ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models';
  const module = `${library}/${object.apiVersion}`;
  try {
    new ((await import(module))[object.kind])(object).validate();
  } catch (error) {
    problems.push(`${name}: ${error.message}`);
  }
  typed.push(`export const o${typed.length}: import("${module}").I${object.kind} = ${JSON.stringify(object, null, 1)};`);

  const pod = object.spec?.template?.spec;
  const ask = (holds, what) => holds || problems.push(`${name}: ${what}`);
  if (!pod) continue;
  ask(pod.securityContext?.runAsNonRoot, 'may run as root');
  for (const container of pod.containers) {
    ask(/:[^:/]*\d/.test(container.image) && !container.image.endsWith(':latest'), `image ${container.image} is not pinned`);
    ask(container.securityContext?.readOnlyRootFilesystem, 'has a writable root file system');
    ask(container.securityContext?.allowPrivilegeEscalation === false, 'may gain privileges');
    ask(container.startupProbe && container.livenessProbe, 'is not probed');
    ask(container.resources?.requests?.cpu && container.resources.limits?.memory, 'asks for no resources');
  }
  if (object.spec.template.metadata.labels['etr-silo']) {
    ask(pod.terminationGracePeriodSeconds >= 40, 'is killed before it has drained');
    const advertise = pod.containers[0].env.findIndex(e => e.name === 'Etr__Cluster__Advertise' && e.value === '$(POD_IP)');
    ask(advertise > pod.containers[0].env.findIndex(e => e.name === 'POD_IP'), 'does not advertise the address of its pod');
  }
}

const source = here('rendered.ts');
writeFileSync(source, typed.join('\n'));
try {
  execFileSync(here('node_modules/.bin/tsc'), ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', source], { encoding: 'utf8', stdio: 'pipe' });
} catch (error) {
  problems.push(error.stdout || error.message);
}

console.log(`${objects.length} objects`);
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
