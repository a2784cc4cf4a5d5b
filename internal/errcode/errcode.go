// Package errcode lists every failure that a person may meet, each with a code, a cause and a fix. The code is in log lines,
// exit messages and the output of commands; docs/troubleshooting.md is generated from this list and from the reasons of
// workers (worker.Reasons).
//
// A failure is a value: the code that detects one logs it with Warn or Error, or attaches its code to an error with Wrap. A
// code is never looked up by the text of a message. The package is a leaf that any package may import.
package errcode

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
)

// Code is `OTTO` and three digits.
type Code string

// Entry describes one failure.
type Entry struct {
	Code    Code
	Message string // the log line's message, or what an exit message begins with
	Cause   string // for people, Markdown
	Fix     string // for people, Markdown
}

// String is the beginning of an exit message, and the heading in the documentation.
func (e Entry) String() string { return string(e.Code) + ": " + e.Message }

// Entry describes the failure; zero where there is no such code.
func (c Code) Entry() Entry { return byCode[c] }

// All returns every entry in the order of its code.
func All() []Entry {
	return slices.Concat(startEntries, redisEntries, kubernetesEntries, eventEntries, rejectionEntries, checkEntries, traceEntries)
}

var byCode = func() map[Code]Entry {
	m := make(map[Code]Entry)
	for _, e := range All() {
		m[e.Code] = e
	}
	return m
}()

// Warn logs a failure that needs attention; args are key-value pairs, as of slog.
func Warn(log *slog.Logger, c Code, args ...any) { logCode(log, slog.LevelWarn, c, args) }

// Error logs a failure that has caused damage, or will.
func Error(log *slog.Logger, c Code, args ...any) { logCode(log, slog.LevelError, c, args) }

func logCode(log *slog.Logger, level slog.Level, c Code, args []any) {
	//nolint:sloglint // the message is a constant of the table
	log.Log(context.Background(), level, c.Entry().Message, append(slices.Clip(args), "code", string(c))...)
}

// Failure is an error with its code.
type Failure struct { //nolint:errname // every name here is about failures
	Code Code
	Err  error
}

// Error is the code, its message and the error's own text.
func (f *Failure) Error() string { return fmt.Sprintf("%s: %v", f.Code.Entry(), f.Err) }

// Unwrap returns the error without its code.
func (f *Failure) Unwrap() error { return f.Err }

// Wrap attaches a code to an error; nil stays nil.
func Wrap(c Code, err error) error {
	if err == nil {
		return nil
	}
	return &Failure{Code: c, Err: err}
}
