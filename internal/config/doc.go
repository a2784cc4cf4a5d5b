// Package config turns the environment into a Config. No other package reads the environment.
//
// A variable is defined in two places: its field in config.go (name, default, meaning) and its rule in rules.go (what it takes);
// both are in traces.go for OpenTelemetry's.
// `make generate` derives its row in docs/configuration.md from both; tests compare the three.
//
// Values are validated as text, before they are parsed, so that an error can name the variable, quote the value (never of a
// secret) and say what it takes. All invalid variables are reported at once, a line each.
package config

//go:generate go test -run ^TestReference$ -update .
