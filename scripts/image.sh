#!/usr/bin/env bash
# image.sh TAG VERSION OUT compiles the release binary and packs it into a docker-archive, without a container engine.
# ARCH=amd64|arm64 chooses the machine. The same source gives the same digest, wherever it lies.
set -euo pipefail
cd "$(dirname "$0")/.."
tag=$1 version=$2 out=$3
arch=${ARCH:-$(go env GOARCH)}
mkdir -p "$(dirname "$out")"
out=$(cd "$(dirname "$out")" && pwd)/$(basename "$out")

# Paths and build IDs are the only things that would tell two builds apart; nobody needs the symbols in there.
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false
binary=bin/release/ottoscaler-linux-$arch
GOOS=linux GOARCH=$arch go build -trimpath -ldflags "-s -w -buildid= -X main.version=$version" -o "$binary" ./cmd/app
go run -C tools/deploy ./image -binary "$PWD/$binary" -tag "$tag" -version "$version" -arch "$arch" -out "$out"
