#!/usr/bin/env bash
# Installs what Python packages cannot bring: Chromium for the page tests. Only where this user may; never fails the set-up.
set -u
have() { command -v "$1" >/dev/null 2>&1; }
if have chromium || have chromium-browser || have google-chrome; then exit 0; fi
if [ "$(id -u)" = 0 ] && have apt-get; then
  echo "installing Chromium for the page tests"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null 2>&1 || true
  apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null 2>&1 || true
fi
have chromium || echo "waman: hint: no Chromium here: the page tests will be skipped (install the package chromium to run them)"
exit 0
