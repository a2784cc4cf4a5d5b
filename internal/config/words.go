package config

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// maxWords bounds a JSON array of words, in bytes. An environment variable of 128 KiB would not start a process at all.
const maxWords = 32 << 10

// Words are the words of a command line; nil: the variable is unset.
type Words []string

// UnmarshalText implements encoding.TextUnmarshaler for values that have passed their rule.
func (w *Words) UnmarshalText(value []byte) error {
	var err error
	*w, err = parseWords(string(value))
	return err
}

// parseWords reads a JSON array of strings. encoding/json alone would read `null` as the empty string and replace invalid UTF-8; no
// container gets a word with a NUL byte.
func parseWords(value string) (Words, error) {
	var all []*string
	switch err := json.Unmarshal([]byte(value), &all); {
	case err != nil:
		return nil, err
	case len(all) == 0 || len(value) > maxWords || !utf8.ValidString(value):
		return nil, errors.New("no words, too many, or invalid UTF-8")
	}
	words := make(Words, 0, len(all))
	for _, word := range all {
		if word == nil || strings.Contains(*word, "\x00") {
			return nil, errors.New("a word is null or has a NUL byte")
		}
		words = append(words, *word)
	}
	return words, nil
}

func words() rule {
	return rule{
		takes: `a JSON array of strings such as ["sh", "-c", "echo hello"]`,
		valid: func(v string) bool {
			_, err := parseWords(v)
			return err == nil
		},
	}
}

// command is words whose first one names a program.
func command() rule {
	r := words()
	r.valid = func(v string) bool {
		all, err := parseWords(v)
		return err == nil && strings.TrimSpace(all[0]) != ""
	}
	return r
}
