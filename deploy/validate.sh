#!/usr/bin/env bash
# Checks this folder as far as that goes without a container engine or a cluster. Says what it skipped and why; exits 1 where
# a check failed. Wants promtool, docker compose, kubectl, systemd-analyze, shellcheck, jq and node with npm, and uses what
# is there. Packages from npm are kept in $ETR_VALIDATE_TOOLS (default: ~/.cache/etr-validate).
set -uo pipefail
cd "$(dirname "$0")" || exit 1
tools=${ETR_VALIDATE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/etr-validate}
packages=(dclint@3.1.0 dockerfile-utils@0.16.3 js-yaml@5.5.0 kubernetes-models@5.1.0 @kubernetes-models/prometheus-operator@6.0.0 typescript@7.0.2)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0 skipped=0

check() { # name, command…
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    passed=$((passed + 1))
    printf 'ok    %s\n' "$name"
  else
    failed=$((failed + 1))
    printf 'FAIL  %s\n' "$name"
    printf '      %s\n' "${output//$'\n'/$'\n'      }"
  fi
}

skip() { # name, why
  skipped=$((skipped + 1))
  printf 'skip  %s: %s\n' "$1" "$2"
}

has() { command -v "$1" >/dev/null; }

silent() { # command…: succeeds, and has nothing to say
  local said status
  said=$("$@" 2>&1)
  status=$?
  [ -z "$said" ] || echo "$said"
  [ "$status" -eq 0 ] && [ -z "$said" ]
}

# --- Scripts

scripts=(validate.sh docker/*.sh)
syntax() { for f in "${scripts[@]}"; do bash -n "$f" || return 1; done; }
check 'scripts parse' syntax
if has shellcheck; then check 'shellcheck' shellcheck "${scripts[@]}"; else skip shellcheck 'shellcheck is not installed'; fi

# --- Prometheus

if has promtool; then
  check 'promtool: configurations' promtool check config --syntax-only prometheus/prometheus.yml prometheus/compose.yml
  check 'promtool: rules' promtool check rules prometheus/rules.yml
  check 'promtool: rules do what they say' promtool test rules prometheus/rules.test.yml
else
  skip promtool 'promtool is not installed (Debian package prometheus)'
fi

# --- Grafana

panels() { # every panel has a unit, a description and queries, and none lies on another
  jq -e '
    [.panels[] | select(.type != "row")] as $panels
    | ($panels | length > 0)
    and all($panels[]; (.fieldConfig.defaults.unit | length > 0) and (.description | length > 0) and (.targets | length > 0)
        and all(.targets[]; .expr | length > 0))
    and ([.panels[].id] | length == (unique | length))
    and ([.panels[].gridPos | {x, y}] | length == (unique | length))' grafana/etr.json
}
queries() { # as recording rules, so that promtool parses them
  jq '{groups: [{name: "panels", rules: [.panels[].targets // [] | .[].expr
        | gsub("\\$__rate_interval"; "1m") | gsub("\\$job"; "etr")]
        | to_entries | map({record: "panel:\(.key)", expr: .value})}]}' grafana/etr.json >"$scratch/panels.json" \
    && promtool check rules "$scratch/panels.json"
}
if has jq; then
  check 'grafana: panels' panels
  if has promtool; then check 'grafana: queries' queries; else skip 'grafana: queries' 'promtool is not installed'; fi
else
  skip grafana 'jq is not installed'
fi

names() { # what is asked for is what docs/metrics.md lists, under the names that Prometheus gives
  awk -F'|' '/^\| `etr\./ { n = $2; gsub(/[` ]/, "", n); gsub(/\./, "_", n); print n ($3 ~ /counter/ ? "_total" : "") }' ../docs/metrics.md | sort -u >"$scratch/listed"
  grep -ohE '\betr_[a-z_]+' prometheus/rules.yml grafana/etr.json kubernetes/base/sampler.yaml kubernetes/prometheus-adapter.yaml | sort -u >"$scratch/asked"
  local unknown
  unknown=$(comm -13 "$scratch/listed" "$scratch/asked")
  echo "not in docs/metrics.md: $unknown"
  [ -s "$scratch/listed" ] && [ -z "$unknown" ]
}
check 'metrics are those of docs/metrics.md' names

# --- systemd

unit() { # the program need not be installed here
  sed 's#^ExecStart=[^ ]*#ExecStart=/bin/true#' systemd/etr.service >"$scratch/etr.service"
  silent systemd-analyze verify "$scratch/etr.service"
}
if has systemd-analyze; then
  check 'systemd-analyze verify' unit
  # Since systemd 250, without a running systemd; 10 is no protection at all.
  if systemd-analyze security --help 2>/dev/null | grep -q -- --offline; then
    check 'systemd-analyze security' systemd-analyze security --offline=true --threshold=30 systemd/etr.service
  else
    skip 'systemd-analyze security' 'this systemd cannot look at a unit that is not loaded'
  fi
else
  skip systemd 'systemd-analyze is not installed'
fi

# --- Compose

if docker compose version >/dev/null 2>&1; then compose=(docker compose)
elif has docker-compose; then compose=(docker-compose)
else compose=(); fi
# Version 1 knows no project name in the file.
mkdir -p "$scratch/deploy/compose"
for f in compose.yaml compose.gpu.yaml; do
  if [ "${compose[*]}" = docker-compose ]; then sed '/^name:/d' "compose/$f"; else cat "compose/$f"; fi >"$scratch/deploy/compose/$f"
done
settings=(ETR_CLUSTER_SECRET ETR_DASHBOARD_SECRET GRAFANA_PASSWORD DOTNET_IMAGES)
resolve() { # files…; with every setting named
  (cd "$scratch/deploy/compose" && env "${settings[@]/%/=0123456789abcdef}" "${compose[@]}" "${@/#/--file=}" config --quiet)
}
refuses() { # each setting is asked for: without it nothing starts
  local s others
  for s in "${settings[@]}"; do
    others=("${settings[@]/%/=0123456789abcdef}")
    if (cd "$scratch/deploy/compose" && env "${others[@]}" "$s=" "${compose[@]}" --file=compose.yaml config --quiet) >/dev/null 2>&1; then
      echo "an empty $s is accepted"
      return 1
    fi
    grep -q "^$s=\$" compose/.env.example || { echo "$s is not empty in .env.example, or not there"; return 1; }
  done
}
if [ ${#compose[@]} -gt 0 ]; then
  check "${compose[*]} config" resolve compose.yaml
  check "${compose[*]} config, with GPUs" resolve compose.yaml compose.gpu.yaml
  check 'compose refuses empty secrets' refuses
else
  skip 'docker compose config' 'neither the compose plugin nor docker-compose is installed'
fi

# --- npm's tools: Dockerfiles, compose schema, Kubernetes

have_tools() { (cd "$tools" 2>/dev/null && [ "$(cat installed 2>/dev/null)" = "${packages[*]}" ]); }
if has npm && ! have_tools; then
  mkdir -p "$tools" && npm install --silent --no-audit --no-fund --no-save --ignore-scripts --prefix "$tools" "${packages[@]}" >/dev/null 2>&1 \
    && echo '{}' >"$tools/package.json" && echo "${packages[*]}" >"$tools/installed"
fi
render() { kubectl kustomize "$1"; }
kubernetes() { # folder
  render "$1" >"$scratch/rendered.yaml" && cp kubernetes/validate.mjs "$tools/" && node "$tools/validate.mjs" <"$scratch/rendered.yaml"
}
if have_tools; then
  for f in docker/*.Dockerfile; do check "dockerfile-utils lint $f" silent "$tools/node_modules/.bin/dockerfile-utils" lint "$f"; done
  # Both image and build: the image is built here and named for the registry.
  check 'compose files fit the schema' "$tools/node_modules/.bin/dclint" compose/compose.yaml compose/compose.gpu.yaml --quiet --disable-rule no-build-and-image
else
  skip 'Dockerfiles, compose schema' 'npm is not installed, or could not install the linters'
fi

# A kustomization with all there is: GPUs and both components.
mkdir "$scratch/everything"
up=$(realpath --relative-to="$(realpath "$scratch/everything")" kubernetes)
printf '%s\n' 'apiVersion: kustomize.config.k8s.io/v1beta1' 'kind: Kustomization' "resources: [$up/overlays/gpu]" \
  "components: [$up/components/orleans-hosting, $up/components/monitoring]" >"$scratch/everything/kustomization.yaml"
for folder in kubernetes/base kubernetes/overlays/gpu "$scratch/everything"; do
  name=${folder##*/}
  if ! kubectl kustomize --help 2>/dev/null | grep -q -- --enable-helm; then # a flag since 1.21; Debian 12 has 1.20
    skip "kubernetes: $name" 'kubectl 1.21 or newer is not installed'
  elif have_tools; then
    check "kubernetes: $name, rendered, fits the API's schema" kubernetes "$folder"
  else
    check "kubernetes: $name renders" render "$folder"
    skip "kubernetes: $name fits the API's schema" 'npm is not installed, or could not install the schemas'
  fi
done

skip 'images are built and run' 'needs a container engine'
skip 'manifests are accepted and run' 'needs a Kubernetes cluster'
printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
