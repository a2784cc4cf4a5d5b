// Package api holds what programs outside of this repository are built on: schemas, the codes of failures, and the conformance
// cases. Its tests generate or check them.
package api

//go:generate go test -run ^TestErrors$|^TestGenerated -update .
