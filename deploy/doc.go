// Package deploy has no code; its tests check the chart and generate manifests and alerts.
package deploy

//go:generate go test -run ^TestGenerated -update .
