#!/bin/sh
# A silo in a container is reached at the container's own address, which nobody knows before it starts.
set -eu
if [ "${1:-}" = silo ] && [ -z "${Etr__Cluster__Advertise:-}" ]; then
  Etr__Cluster__Advertise=$(hostname -i | cut -d' ' -f1)
  export Etr__Cluster__Advertise
fi
exec /app/etr "$@"
