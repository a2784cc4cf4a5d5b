// Package errcode lists every failure that a person can meet: one code for each, with its cause and its fix. The code
// stands in log lines, exit messages and what the commands print; docs/troubleshooting.md is made from this list and from
// the reasons of workers (worker.Reasons).
//
// A failure is a value: whoever meets one names its code, with Warn or Error in the log, with Wrap in an error. Nobody
// looks a code up by the text of a line. The package is a leaf that any package may import.
package errcode

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
)

// Code is `OTTO` and three digits.
type Code string

// Entry is what is known of one failure.
type Entry struct {
	Code    Code
	Message string // the log line's message, or what an exit message begins with
	Cause   string // for people, Markdown
	Fix     string // for people, Markdown
}

// String is how an exit message begins, and the heading in the documentation.
func (e Entry) String() string { return string(e.Code) + ": " + e.Message }

// Entry is what is known of the failure; the zero Entry where the code is none.
func (c Code) Entry() Entry { return byCode[c] }

// All returns every entry in the order of its code.
func All() []Entry {
	return slices.Concat(startEntries, redisEntries, kubernetesEntries, eventEntries, rejectionEntries, checkEntries)
}

var byCode = func() map[Code]Entry {
	m := make(map[Code]Entry)
	for _, e := range All() {
		m[e.Code] = e
	}
	return m
}()

// Warn logs a failure that needs attention; args are key-value pairs, as slog's.
func Warn(log *slog.Logger, c Code, args ...any) { logCode(log, slog.LevelWarn, c, args) }

// Error logs a failure that cost something, or will.
func Error(log *slog.Logger, c Code, args ...any) { logCode(log, slog.LevelError, c, args) }

func logCode(log *slog.Logger, level slog.Level, c Code, args []any) {
	log.Log(context.Background(), level, c.Entry().Message, append(slices.Clip(args), "code", string(c))...)
}

// Failure is an error with its code.
type Failure struct {
	Code Code
	Err  error
}

// Error is the code, its message and the error's own words.
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
