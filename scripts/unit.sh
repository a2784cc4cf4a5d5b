#!/usr/bin/env bash
# Unit tests of every module with the race detector, which needs cgo. The packages of devcluster that contain
# Kubernetes itself run without it: a second Kubernetes, compiled for the race detector, would take half an hour.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/race.sh
. scripts/race.sh

heavy=k8s.io/kubernetes/cmd/kube-apiserver/app
kinds='{{$kind := "light"}}{{range .Deps}}{{if eq . "'$heavy'"}}{{$kind = "heavy"}}{{end}}{{end}}{{$kind}} {{.ImportPath}}'
packages() { (cd devcluster && go list -f "$kinds" ./...) | sed -n "s/^$1 //p"; }

echo "unit: ."
with_race go test ./...
echo "unit: devcluster"
# shellcheck disable=SC2046  # import paths have no spaces
with_race go test -C devcluster $(packages light)
# shellcheck disable=SC2046
go test -C devcluster $(packages heavy)
