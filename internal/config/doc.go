// Package config turns the environment into a Config, and is the only one that reads it.
//
// A variable stands in three places and nowhere else: its field in config.go (name, default, meaning), its rule in
// rules.go (what it takes) and, made from both by `make generate`, its row in docs/configuration.md. Tests hold them
// together.
//
// Values are checked as they were written, before anything is parsed, so that an error can name the variable, show
// what it got (never a secret) and say what it takes. All wrong variables are told at once, a line each.
package config

//go:generate go test -run ^TestReference$ -update .
