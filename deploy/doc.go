// Package deploy has no code; its tests hold what installs Ottoscaler together: the chart, and what is made from it.
package deploy

//go:generate go test -run ^TestGenerated -update .
