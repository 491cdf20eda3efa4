#!/bin/sh
# etr-probe healthz|readyz: asks this container's silo. The secret goes by standard input, so that no process list shows
# it; a certificate is for the name that visitors use, not for loopback, hence --insecure.
set -eu
url="http${Etr__Dashboard__Certificate:+s}://127.0.0.1:${Etr__Dashboard__Port:-5080}/$1"
printf 'Authorization: Bearer %s\n' "${Etr__Dashboard__Secret:-}" |
  curl --fail --silent --show-error --insecure --max-time 5 --output /dev/null --header @- "$url"
