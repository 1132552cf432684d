#!/usr/bin/env bash
# Builds the image of the Dockerfile and writes it to an archive, which clusters import:
#
#   scripts/k8s/build-image.sh promptforge:TAG FILE.tar [--build-arg …]
#
# It takes Docker, or else buildah, which needs no daemon. Further arguments go to the build. What is set is passed on, too:
#   BASE, BUILDER   the images that the Dockerfile begins with, by their digests
#   NPMRC           a file with npm's configuration, which stays out of the image
#   STAND_IN=1      for a machine that can pull no image: with buildah, makes both from programs of this machine
set -euo pipefail
NAME=${1:?the first argument is the name of the image: promptforge:TAG}
OUT=${2:?the second argument is the file to write}
shift 2
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
arguments=("$@")

build_with_docker() {
  docker build "${arguments[@]}" -t "$NAME" "$ROOT"
  docker save -o "$OUT" "$NAME"
}

build_with_buildah() {
  # Its own storage, which ends with this script.
  work=$(mktemp -d)
  trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
  export BUILDAH_ISOLATION=chroot
  buildah() { command buildah --root "$work/root" --runroot "$work/run" --storage-driver vfs "$@"; }
  if [ -n "${STAND_IN:-}" ]; then
    . "$ROOT/scripts/k8s/stand-in.sh"
    stand_in_images "$work"
    arguments+=(--pull-never --build-arg BASE=localhost/base:1 --build-arg BUILDER=localhost/builder:1)
  fi
  buildah bud "${arguments[@]}" -t "localhost/$NAME" "$ROOT"
  rm -f "$OUT"
  buildah push "localhost/$NAME" "docker-archive:$OUT:$NAME"
}

for name in BASE BUILDER; do
  [ -z "${!name:-}" ] || arguments+=(--build-arg "$name=${!name}")
done
[ -z "${NPMRC:-}" ] || arguments+=(--secret "id=npmrc,src=$NPMRC")
if [ -z "${STAND_IN:-}" ] && docker info >/dev/null 2>&1; then
  build_with_docker
elif command -v buildah >/dev/null; then
  build_with_buildah
else
  echo 'Start Docker, or install buildah (on Debian: apt-get install buildah), and run this again.' >&2
  exit 1
fi
